WITH old AS (
    SELECT o.id
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN outbox AS o ON o.department_id = c.department_id AND o.created_at < c.cutoff
    WHERE NOT is_held(o.department_id, o.vehicle_id, '-infinity', o.created_at)
    LIMIT $3
), deliveries AS (
    DELETE FROM delivery AS d USING old WHERE d.outbox_id = old.id
), gone AS (
    DELETE FROM outbox AS o USING old WHERE o.id = old.id RETURNING o.department_id
)
SELECT 'outbox' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
