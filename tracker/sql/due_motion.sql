-- Vehicles whose fixes go beyond their cursor or whose past changed, longest unseen first, $2 at most;
-- none that was worked through less than $1 ago. Where the past changed before the cursor, `state` is
-- the newest one from before that change; nothing of it if there is none.
WITH changed AS (
    SELECT vehicle_id, min(from_at) AS from_at, max(coalesce(to_at, '9999-01-01Z')) AS to_at,
           array_agg(n) AS numbers
    FROM past_change
    GROUP BY vehicle_id
), due AS (
    SELECT v.id AS vehicle_id, v.vehicle_class, v.moving_interval_s, v.stopped_interval_s,
           c.worked_to, c.state,
           p.from_at, p.to_at, p.numbers, c.worked_to IS NOT NULL AND p.from_at <= c.worked_to AS again
    FROM vehicle AS v
    LEFT JOIN latest AS l ON l.vehicle_id = v.id
    LEFT JOIN motion_cursor AS c ON c.vehicle_id = v.id
    LEFT JOIN changed AS p ON p.vehicle_id = v.id
    WHERE (l.fixed_at > coalesce(c.worked_to, '-infinity') OR p.vehicle_id IS NOT NULL)
      AND coalesce(c.worked_at <= milepost_now() - $1::interval, true)
    ORDER BY c.worked_at NULLS FIRST, v.id
    LIMIT $2
)
SELECT d.vehicle_id, d.vehicle_class, d.moving_interval_s, d.stopped_interval_s, d.worked_to, d.numbers, coalesce(d.again, false) AS again,
       d.from_at, CASE WHEN d.again THEN d.to_at END AS to_at,
       CASE WHEN d.again THEN k.state ELSE d.state END AS state
FROM due AS d
LEFT JOIN LATERAL (
    SELECT state FROM motion_checkpoint
    WHERE d.again AND vehicle_id = d.vehicle_id AND at < d.from_at
    ORDER BY at DESC LIMIT 1
) AS k ON true
