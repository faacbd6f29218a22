-- What devices said with their fixes ($6: the commit's feed, $7: its number); said again it changes nothing.
INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by, feed, n)
SELECT said.*, $6::integer, $7::bigint
FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::text[], $5::text[]) AS said
ON CONFLICT DO NOTHING
