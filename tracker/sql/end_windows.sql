-- The end of a rule's window closes its alerts, acknowledged or not.
UPDATE alert AS a SET
    state = 'closed', closed_at = a.ends_at, close_reason = 'window',
    revision = a.revision + 1, feed = $1::integer, n = $2::bigint
WHERE a.state <> 'closed' AND a.ends_at <= milepost_now()
  AND a.department_id IN (SELECT id FROM department WHERE shard = $1::integer)
RETURNING a.id, a.event_id, a.close_reason, a.shadow
