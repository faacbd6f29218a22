-- What is stored behind a vehicle's latest fix is implausible; the last of it is still held.
SELECT l.vehicle_id, l.department_id, l.fixed_at, l.lon, l.lat, l.accuracy_m, l.ignition, l.hdop,
       s.memory, coalesce(s.judged_at, l.fixed_at) AS judged_at,
       h.fixed_at AS held_at, h.department_id AS held_department_id,
       ST_X(h.geom) AS held_lon, ST_Y(h.geom) AS held_lat, h.accuracy_m AS held_accuracy_m,
       h.hdop AS held_hdop, h.speed_mps AS held_speed_mps, h.ignition AS held_ignition,
       h.inputs AS held_inputs,
       (SELECT max(c.fixed_at) FROM checkpoint AS c WHERE c.vehicle_id = l.vehicle_id) AS checked_at
FROM latest AS l
JOIN department AS p ON p.id = l.department_id
LEFT JOIN fence_state AS s ON s.vehicle_id = l.vehicle_id
LEFT JOIN LATERAL (
    SELECT fixed_at, department_id, geom, accuracy_m, hdop, speed_mps, ignition, inputs FROM fix
    WHERE vehicle_id = l.vehicle_id AND fixed_at > l.fixed_at ORDER BY fixed_at DESC LIMIT 1
) AS h ON true
WHERE p.shard = $1
