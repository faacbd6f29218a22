-- What this subscription was told before of the event and of what it amends, for references.
WITH RECURSIVE chain (id) AS (
    SELECT $2::uuid
    UNION
    SELECT e.amends FROM chain AS c JOIN event AS e ON e.id = c.id WHERE e.amends IS NOT NULL
)
SELECT o.event_id, o.revision, o.created_at
FROM chain AS c
JOIN outbox AS o ON o.event_id = c.id
JOIN delivery AS d ON d.outbox_id = o.id AND d.subscription_id = $1 AND d.state = 'sent'
WHERE o.id < $3
ORDER BY o.id
