-- The pairs of vehicles of a shard's departments that are near each other.
SELECT e.id, e.department_id, e.vehicle_id, e.other_vehicle_id, e.rule_id, e.fence_id, e.fence_version,
       e.at, e.distance_m
FROM event AS e
JOIN department AS p ON p.id = e.department_id
WHERE e.kind = 'proximity' AND e.ended_at IS NULL AND e.status = 'valid' AND p.shard = $1
