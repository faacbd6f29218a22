-- The end of a fence closes the alerts from before it, acknowledged or not; not what a person opened
-- again since, nor the exit that tells of the end, which has its time in milliseconds.
UPDATE alert AS a SET
    state = 'closed', closed_at = milepost_now(), close_reason = 'fence_deleted',
    revision = a.revision + 1, feed = $1::integer, n = $2::bigint
FROM event AS e, (
    SELECT v.fence_id, max(upper(v.in_force)) AS ended
    FROM fence_version AS v
    JOIN department AS p ON p.id = v.department_id
    WHERE p.shard = $1::integer
    GROUP BY v.fence_id
    -- A shape without an end has no upper, and bool_and passes NULL over.
    HAVING bool_and(NOT upper_inf(v.in_force) AND upper(v.in_force) <= milepost_now())
) AS f
WHERE a.state <> 'closed' AND a.fence_id = f.fence_id AND e.id = a.event_id AND e.at < date_trunc('milliseconds', f.ended)
  AND NOT EXISTS (
      SELECT FROM alert_change AS c
      WHERE c.alert_id = a.id AND c.what = 'reopened' AND c.by IS NOT NULL AND c.at >= f.ended
  )
RETURNING a.id, a.event_id, a.close_reason, a.shadow
