WITH gone AS (
    DELETE FROM private_interval AS p
    USING unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    WHERE c.department_id = p.department_id AND p.ends_at < c.cutoff AND p.applied_at IS NOT NULL
      AND NOT is_held(p.department_id, p.vehicle_id, p.starts_at, p.ends_at) AND $3 > 0
    RETURNING p.department_id
)
SELECT 'private_interval' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
