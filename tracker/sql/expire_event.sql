-- Events with their alerts, which nobody can act on any more.
WITH old AS (
    SELECT e.id
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN event AS e ON e.department_id = c.department_id AND e.at < c.cutoff
    WHERE NOT is_held(e.department_id, e.vehicle_id, least(e.at, e.not_before), greatest(e.at, e.not_after))
    LIMIT $3
)
SELECT g.what, g.department_id, g.rows
FROM (SELECT coalesce(array_agg(id), '{}') AS ids FROM old) AS o, forget_events(o.ids) AS g
