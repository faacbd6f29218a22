INSERT INTO fence_state (vehicle_id, department_id, inside, judged_at)
SELECT vehicle_id, department_id, inside, judged_at
FROM jsonb_to_recordset($1::jsonb)
    AS s (vehicle_id integer, department_id integer, inside integer[], judged_at timestamptz)
ORDER BY vehicle_id
ON CONFLICT (vehicle_id) DO UPDATE SET
    department_id = excluded.department_id, inside = excluded.inside, judged_at = excluded.judged_at
