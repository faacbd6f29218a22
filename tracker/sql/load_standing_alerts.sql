-- Alerts from whose event a rule's cool-down may still run at these times.
SELECT DISTINCT a.event_id, a.rule_id, a.vehicle_id, a.fence_id, e.at
FROM jsonb_to_recordset($1::jsonb) AS c (
    rule_id integer, vehicle_id integer, fence_id integer, at timestamptz, cooldown_s float8
)
JOIN event AS e ON e.vehicle_id = c.vehicle_id AND e.fence_id IS NOT DISTINCT FROM c.fence_id
    AND e.at <= c.at AND e.at > c.at - make_interval(secs => c.cooldown_s)
    AND e.status = 'valid'
JOIN alert AS a ON a.event_id = e.id AND a.rule_id = c.rule_id
WHERE a.close_reason IS DISTINCT FROM 'withdrawn'
