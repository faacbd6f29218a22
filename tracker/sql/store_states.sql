INSERT INTO fence_state (vehicle_id, department_id, inside, judged_at, memory)
SELECT vehicle_id, department_id, inside, judged_at, memory
FROM jsonb_to_recordset($1::jsonb)
    AS s (vehicle_id integer, department_id integer, inside integer[], judged_at timestamptz, memory jsonb)
ORDER BY vehicle_id
ON CONFLICT (vehicle_id) DO UPDATE SET
    department_id = excluded.department_id, inside = excluded.inside, judged_at = excluded.judged_at,
    memory = excluded.memory
