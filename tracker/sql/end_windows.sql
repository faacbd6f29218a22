-- The end of a rule's window closes its alerts, acknowledged or not.
UPDATE alert SET state = 'closed', closed_at = ends_at, close_reason = 'window', feed = $1, n = $2
WHERE state <> 'closed' AND ends_at <= milepost_now()
  AND department_id IN (SELECT id FROM department WHERE shard = $1)
