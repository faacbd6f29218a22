-- An amendment keeps the alert of what it amends; without one the withdrawal closes it.
UPDATE alert AS a SET
    event_id = coalesce(w.amended_by, a.event_id),
    state = CASE WHEN w.amended_by IS NULL THEN 'closed' ELSE a.state END,
    closed_at = CASE WHEN w.amended_by IS NULL THEN milepost_now() ELSE a.closed_at END,
    close_reason = CASE WHEN w.amended_by IS NULL THEN 'withdrawn' ELSE a.close_reason END,
    feed = $2::integer, n = $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS w (id uuid, amended_by uuid)
WHERE a.event_id = w.id
RETURNING a.rule_id, a.event_id
