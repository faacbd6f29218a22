-- An amendment keeps the alert of what it amends. The withdrawal closes it where there is no amendment,
-- or where the amendment, valid again, has an alert of its own from before.
UPDATE alert AS a SET
    event_id = CASE WHEN m.moves THEN w.amended_by ELSE a.event_id END,
    state = CASE WHEN m.moves THEN a.state ELSE 'closed' END,
    closed_at = CASE WHEN m.moves THEN a.closed_at ELSE milepost_now() END,
    close_reason = CASE WHEN m.moves THEN a.close_reason ELSE 'withdrawn' END,
    feed = $2::integer, n = $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS w (id uuid, amended_by uuid)
    JOIN alert AS old ON old.event_id = w.id
    CROSS JOIN LATERAL (
        SELECT w.amended_by IS NOT NULL AND NOT EXISTS (
            SELECT FROM alert AS b WHERE b.rule_id = old.rule_id AND b.event_id = w.amended_by
        ) AS moves
    ) AS m
WHERE a.id = old.id
RETURNING a.rule_id, a.event_id
