INSERT INTO checkpoint (vehicle_id, fixed_at, department_id, state)
SELECT vehicle_id, fixed_at, department_id, state
FROM jsonb_to_recordset($1::jsonb)
    AS s (vehicle_id integer, fixed_at timestamptz, department_id integer, state jsonb)
ORDER BY vehicle_id
ON CONFLICT (vehicle_id, fixed_at) DO UPDATE SET state = excluded.state
