INSERT INTO motion_checkpoint (vehicle_id, at, department_id, state)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::jsonb[])
ON CONFLICT (vehicle_id, at) DO UPDATE SET department_id = excluded.department_id, state = excluded.state
