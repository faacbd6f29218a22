-- An alert's condition is over once its vehicle has left; acknowledged as well, it is closed.
UPDATE alert AS a SET
    is_over = o.is_over,
    state = CASE WHEN o.is_over AND a.state = 'acknowledged' THEN 'closed' ELSE a.state END,
    closed_at = CASE WHEN o.is_over AND a.state = 'acknowledged' THEN milepost_now() END,
    feed = $3, n = $4
FROM (
    SELECT b.id, EXISTS (
        SELECT FROM event AS x
        WHERE x.vehicle_id = b.vehicle_id AND x.fence_id = b.fence_id
          AND x.kind = 'exit' AND x.status = 'valid' AND x.at >= e.at
    ) AS is_over
    FROM unnest($1::integer[], $2::integer[]) AS k (vehicle_id, fence_id)
    JOIN alert AS b USING (vehicle_id, fence_id)
    JOIN event AS e ON e.id = b.event_id
    WHERE b.state <> 'closed'
) AS o
WHERE a.id = o.id AND a.is_over <> o.is_over
