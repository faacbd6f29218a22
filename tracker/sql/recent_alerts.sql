-- What alerted of a rule, a vehicle and a fence, and when: for the rule's cool-down.
SELECT a.id, a.rule_id, a.vehicle_id, a.fence_id, e.at
FROM unnest($1::integer[], $2::integer[], $3::integer[]) AS k (rule_id, vehicle_id, fence_id)
JOIN alert AS a USING (rule_id, vehicle_id, fence_id)
JOIN event AS e ON e.id = a.event_id
WHERE e.status = 'valid' AND e.at >= $4
