INSERT INTO gap (vehicle_id, started_at, ended_at, department_id)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::integer[])
