SELECT r.id, p.ref || '/' || r.ref AS full_ref, r.department_id, r.on_kinds, r.fence_id, r.severity,
       r.fence_group_id, r.vehicle_ids, r.vehicle_group_ids, r."window", r.dwell_s, r.limit_kmh,
       r.cooldown_s, r.created_at, r.shadow, r.outside, r.silent_s, r.sensor, r.for_s, r.radius_m,
       r.other_vehicle_ids, r.other_vehicle_group_ids, r.version
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
WHERE r.disabled_at IS NULL
