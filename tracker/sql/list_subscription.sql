-- Subscriptions of a department (null: of all), with what waits for them.
SELECT p.ref || '/' || s.ref AS subscription, p.ref AS department, s.kind, s.target, s.types,
       s.severities, s.rules, s.vehicles, s.created_at, s.disabled_at, s.disabled_reason,
       s.old_secret_until, s.revision, d.waiting, d.failing, d.dead, d.sent_at, d.last_error
FROM subscription AS s
JOIN department AS p ON p.id = s.department_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE e.state = 'waiting') AS waiting,
           count(*) FILTER (WHERE e.state = 'waiting' AND e.last_error IS NOT NULL) AS failing,
           count(*) FILTER (WHERE e.state = 'dead') AS dead,
           max(e.done_at) FILTER (WHERE e.state = 'sent') AS sent_at,
           (array_agg(e.last_error ORDER BY e.outbox_id DESC) FILTER (WHERE e.state <> 'sent'))[1] AS last_error
    FROM delivery AS e
    WHERE e.subscription_id = s.id
) AS d
WHERE $1::text IS NULL OR p.ref = $1
ORDER BY 1
