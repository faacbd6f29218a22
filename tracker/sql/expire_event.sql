-- Events with their alerts, which nobody can act on any more.
WITH old AS (
    SELECT e.id
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN event AS e ON e.department_id = c.department_id AND e.at < c.cutoff
    WHERE NOT is_held(e.department_id, e.vehicle_id, least(e.at, e.not_before), greatest(e.at, e.not_after))
    LIMIT $3
), alerts AS (
    DELETE FROM alert AS a USING old WHERE a.event_id = old.id RETURNING a.department_id
), events AS (
    DELETE FROM event AS e USING old WHERE e.id = old.id RETURNING e.department_id
)
SELECT 'alert' AS what, department_id, count(*) AS rows FROM alerts GROUP BY 2
UNION ALL
SELECT 'event', department_id, count(*) FROM events GROUP BY 2
