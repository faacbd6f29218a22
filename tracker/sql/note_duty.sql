-- What devices said with their fixes; said again it changes nothing.
INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by)
SELECT * FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::text[], $5::text[])
ON CONFLICT DO NOTHING
