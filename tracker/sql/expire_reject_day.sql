WITH gone AS (
    DELETE FROM reject_day AS r
    USING unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    WHERE c.department_id IS NOT DISTINCT FROM r.department_id AND r.day < c.cutoff::date
      AND NOT is_held(r.department_id, NULL, '-infinity', r.day) AND $3 > 0
    RETURNING r.department_id
)
SELECT 'reject_day' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
