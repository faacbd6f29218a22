-- Refused bytes hold positions of any time before they came: a hold that had begun then keeps them.
WITH old AS (
    SELECT r.id
    FROM reject AS r
    JOIN unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
        ON c.department_id IS NOT DISTINCT FROM r.department_id
    WHERE r.received_at < c.cutoff AND NOT is_held(r.department_id, NULL, '-infinity', r.received_at)
    LIMIT $3
), gone AS (
    DELETE FROM reject AS r USING old WHERE r.id = old.id RETURNING r.department_id
)
SELECT 'reject' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
