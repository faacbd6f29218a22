-- The next of each vehicle, where it is due: at most $2, the least tried first. Until the lease of $3
-- seconds ends nobody takes one again, and what comes after it of its vehicle waits. A loose scan over
-- vehicles: its time grows with the vehicles that wait, not with what waits.
WITH RECURSIVE head AS (
    (
        SELECT d.vehicle_id, d.outbox_id, d.next_at, d.attempts
        FROM delivery AS d
        WHERE d.subscription_id = $1 AND d.state = 'waiting'
        ORDER BY d.vehicle_id, d.outbox_id
        LIMIT 1
    )
    UNION ALL
    SELECT n.vehicle_id, n.outbox_id, n.next_at, n.attempts
    FROM head AS h
    CROSS JOIN LATERAL (
        SELECT d.vehicle_id, d.outbox_id, d.next_at, d.attempts
        FROM delivery AS d
        WHERE d.subscription_id = $1 AND d.state = 'waiting' AND d.vehicle_id > h.vehicle_id
        ORDER BY d.vehicle_id, d.outbox_id
        LIMIT 1
    ) AS n
), due AS (
    SELECT outbox_id FROM head WHERE next_at <= milepost_now() ORDER BY attempts, outbox_id LIMIT $2
)
UPDATE delivery AS d
SET next_at = milepost_now() + make_interval(secs => $3), attempts = d.attempts + 1
FROM due
JOIN outbox AS o ON o.id = due.outbox_id
WHERE d.subscription_id = $1 AND d.outbox_id = due.outbox_id
  AND d.state = 'waiting' AND d.next_at <= milepost_now()
RETURNING o.id AS outbox_id, o.type, o.event_id, o.revision, o.created_at, d.attempts,
          CASE WHEN d.department_id = o.department_id THEN o.body ELSE granted_body(o.body) END AS body,
          d.department_id = o.department_id OR is_granted_event(ARRAY[d.department_id], o.event_id) AS may_go
