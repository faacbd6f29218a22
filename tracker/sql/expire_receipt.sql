-- Of a boot from which nothing has come since.
WITH old AS (
    SELECT r.device_id, r.boot
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN receipt AS r ON r.department_id = c.department_id AND r.last_at < c.cutoff
    WHERE NOT is_held(r.department_id, NULL, '-infinity', r.last_at)
    LIMIT $3
), gone AS (
    DELETE FROM receipt AS r USING old
    WHERE r.device_id = old.device_id AND r.boot = old.boot AND r.last_at < now() - interval '1 day'
    RETURNING r.department_id
)
SELECT 'receipt' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
