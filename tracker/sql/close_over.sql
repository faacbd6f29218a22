-- What is acknowledged is closed once its vehicle has left, or what went on has ended; of the visits
-- that these events ($3) are of, and of themselves.
UPDATE alert AS a SET
    state = 'closed', closed_at = milepost_now(), close_reason = 'over',
    revision = a.revision + 1, feed = $1::integer, n = $2::bigint
FROM event AS e
WHERE e.id = a.event_id AND a.state = 'acknowledged'
  AND (
      e.ended_at IS NOT NULL AND e.id = any($3::uuid[])
      OR (a.vehicle_id, a.fence_id) IN (
          SELECT c.vehicle_id, c.fence_id FROM event AS c WHERE c.id = any($3::uuid[])
      )
      AND EXISTS (
          SELECT FROM event AS x
          WHERE x.vehicle_id = a.vehicle_id AND x.fence_id = a.fence_id
            AND x.kind = 'exit' AND x.status = 'valid' AND x.at >= e.at
      )
  )
RETURNING a.id, a.event_id, a.close_reason
