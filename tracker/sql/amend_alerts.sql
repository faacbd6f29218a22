-- An amendment keeps the alert of what it amends; without one the alert goes to the first valid event
-- that had joined it. The withdrawal closes it where there is neither, or where that event has an
-- alert of its own from before. What a person closed keeps the reason.
UPDATE alert AS a SET
    event_id = CASE WHEN m.moves THEN t.event_id ELSE a.event_id END,
    state = CASE WHEN m.moves THEN a.state ELSE 'closed' END,
    closed_at = CASE WHEN m.moves OR a.state = 'closed' THEN a.closed_at ELSE milepost_now() END,
    close_reason = CASE WHEN m.moves OR a.state = 'closed' THEN a.close_reason ELSE 'withdrawn' END,
    revision = a.revision + 1,
    feed = $2::integer, n = $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS w (id uuid, amended_by uuid)
    JOIN alert AS old ON old.event_id = w.id
    CROSS JOIN LATERAL (
        SELECT coalesce(w.amended_by, (
            SELECT k.event_id
            FROM alert_event AS k
            JOIN event AS e ON e.id = k.event_id
            WHERE k.alert_id = old.id AND e.status = 'valid'
            ORDER BY e.at
            LIMIT 1
        )) AS event_id
    ) AS t
    CROSS JOIN LATERAL (
        SELECT t.event_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM alert AS b WHERE b.rule_id = old.rule_id AND b.event_id = t.event_id
        ) AS moves
    ) AS m
WHERE a.id = old.id
RETURNING a.id, a.rule_id, a.event_id, m.moves
