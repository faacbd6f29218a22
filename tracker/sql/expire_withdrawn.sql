-- Events that an erasure of private positions withdrew a day ago or longer: whoever was told of
-- them has been told of the withdrawal, and where the vehicle was is not kept.
WITH old AS (
    SELECT e.id
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN private_interval AS p ON p.department_id = c.department_id
        AND p.applied_at < greatest(c.cutoff, milepost_now() - interval '1 day')
    JOIN event AS e ON e.vehicle_id = p.vehicle_id AND e.at >= p.starts_at AND e.at < p.ends_at
    WHERE e.status = 'withdrawn'
      AND NOT is_held(e.department_id, e.vehicle_id, least(e.at, e.not_before), greatest(e.at, e.not_after))
    LIMIT $3
)
SELECT g.what, g.department_id, g.rows
FROM (SELECT coalesce(array_agg(id), '{}') AS ids FROM old) AS o, forget_events(o.ids) AS g
