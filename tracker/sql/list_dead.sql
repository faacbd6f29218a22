-- The newest dead letters of a subscription, oldest first.
SELECT * FROM (
    SELECT o.id, o.type, o.event_id, o.revision, o.body ->> 'vehicle' AS vehicle, o.created_at,
           d.attempts, d.last_error, d.done_at AS given_up_at
    FROM delivery AS d
    JOIN outbox AS o ON o.id = d.outbox_id
    WHERE d.subscription_id = $1 AND d.state = 'dead'
    ORDER BY o.id DESC
    LIMIT $2
) AS newest
ORDER BY id
