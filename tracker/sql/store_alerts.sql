-- An alert that a withdrawal closed opens again when its event is valid again.
INSERT INTO alert AS a (
    id, department_id, rule_id, event_id, vehicle_id, fence_id, severity, ends_at, shadow,
    rule_version, feed, n
)
SELECT id, department_id, rule_id, event_id, vehicle_id, fence_id, severity, ends_at, shadow,
       rule_version, $2::integer, $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS n (
    id uuid, department_id integer, rule_id integer, event_id uuid, vehicle_id integer,
    fence_id integer, severity text, ends_at timestamptz, shadow boolean, rule_version integer
)
ON CONFLICT (rule_id, event_id) DO UPDATE SET
    state = 'open', closed_at = NULL, closed_by = NULL, close_reason = NULL,
    acknowledged_at = NULL, acknowledged_by = NULL, escalated_at = NULL,
    waits_since = milepost_now(), revision = a.revision + 1,
    feed = excluded.feed, n = excluded.n
    WHERE a.close_reason = 'withdrawn'
RETURNING id, revision > 0 AS again, shadow
