WITH old AS (
    SELECT k.vehicle_id, k.fixed_at
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN checkpoint AS k ON k.department_id = c.department_id AND k.fixed_at < c.cutoff
    WHERE NOT is_held(k.department_id, k.vehicle_id, k.fixed_at, k.fixed_at)
    LIMIT $3
), gone AS (
    DELETE FROM checkpoint AS k USING old
    WHERE k.vehicle_id = old.vehicle_id AND k.fixed_at = old.fixed_at RETURNING k.department_id
)
SELECT 'checkpoint' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
