INSERT INTO device_state (
    device_id, department_id, online, since, boot, firmware, protocol, config_rev, config_error,
    state_at, earlier_boots
)
SELECT device_id, department_id, online, since, boot, firmware, protocol, config_rev, config_error,
       state_at, earlier_boots
FROM jsonb_to_recordset($1::jsonb) AS n (
    device_id integer, department_id integer, online boolean, since timestamptz, boot text,
    firmware text, protocol integer, config_rev integer, config_error text,
    state_at timestamptz, earlier_boots text[]
)
ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET
    department_id = excluded.department_id, online = excluded.online, since = excluded.since,
    boot = excluded.boot, firmware = excluded.firmware, protocol = excluded.protocol,
    config_rev = excluded.config_rev, config_error = excluded.config_error,
    state_at = excluded.state_at, earlier_boots = excluded.earlier_boots
