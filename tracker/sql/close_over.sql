-- Where a visit ended, its alerts are over: those acknowledged are closed, and with the fence all.
UPDATE alert AS a SET
    state = 'closed', closed_at = milepost_now(), close_reason = x.reason,
    revision = a.revision + 1, feed = $2::integer, n = $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS x (
    event_id uuid, vehicle_id integer, fence_id integer, at timestamptz, reason text
), event AS e
WHERE a.vehicle_id = x.vehicle_id AND a.fence_id = x.fence_id
  AND a.state IN ('acknowledged', CASE WHEN x.reason = 'over' THEN NULL ELSE 'open' END)
  AND e.id = a.event_id AND e.at <= x.at AND e.id <> x.event_id
RETURNING a.id, a.event_id, a.close_reason
