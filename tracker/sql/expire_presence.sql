WITH old AS (
    SELECT p.vehicle_id, p.fixed_at
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN presence AS p ON p.department_id = c.department_id AND p.fixed_at < c.cutoff
    WHERE NOT is_held(p.department_id, p.vehicle_id, p.fixed_at, p.fixed_at)
    LIMIT $3
), gone AS (
    DELETE FROM presence AS p USING old
    WHERE p.vehicle_id = old.vehicle_id AND p.fixed_at = old.fixed_at RETURNING p.department_id
)
SELECT 'presence' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
