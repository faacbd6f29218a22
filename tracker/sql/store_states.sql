-- $3: the ids of the fences that each is inside of, an array as text.
INSERT INTO fence_state (vehicle_id, department_id, inside, judged_at, memory)
SELECT vehicle_id, department_id, inside::integer[], judged_at, memory
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::timestamptz[], $5::jsonb[])
    AS s (vehicle_id, department_id, inside, judged_at, memory)
ORDER BY vehicle_id
ON CONFLICT (vehicle_id) DO UPDATE SET
    department_id = excluded.department_id, inside = excluded.inside, judged_at = excluded.judged_at,
    memory = excluded.memory
