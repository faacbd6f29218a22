SELECT device_id, online, since, boot, firmware, protocol, config_rev, config_error, state_at,
       earlier_boots
FROM device_state
WHERE device_id = any($1::integer[])
