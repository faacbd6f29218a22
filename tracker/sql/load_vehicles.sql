SELECT v.id, v.department_id, p.ref || '/' || v.ref AS full_ref, v.moving_interval_s, v.vehicle_class,
       v.heartbeat_s, v.max_speed_mps, v.retired_at
FROM vehicle AS v
JOIN department AS p ON p.id = v.department_id
WHERE $1::integer IS NULL OR p.shard = $1
