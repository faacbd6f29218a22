WITH gone AS (
    DELETE FROM device_notice AS n
    USING unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    WHERE c.department_id = n.department_id AND n.day < c.cutoff::date
      AND NOT is_held(n.department_id, NULL, '-infinity', n.day) AND $3 > 0
    RETURNING n.department_id
)
SELECT 'device_notice' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
