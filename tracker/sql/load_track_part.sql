-- The stored fixes of a vehicle after a time, the $3 earliest.
SELECT vehicle_id, department_id, fixed_at, ST_X(geom) AS lon, ST_Y(geom) AS lat, accuracy_m, hdop,
       speed_mps, ignition, inputs, implausible
FROM fix
WHERE vehicle_id = $1 AND fixed_at > $2
ORDER BY fixed_at LIMIT $3
