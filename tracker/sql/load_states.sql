-- What is stored behind a vehicle's latest fix is implausible; the last of it is still held.
SELECT l.vehicle_id, l.department_id, l.fixed_at, l.lon, l.lat,
       coalesce(s.inside, '{}') AS inside, coalesce(s.judged_at, l.fixed_at) AS judged_at,
       h.fixed_at AS held_at, h.department_id AS held_department_id,
       ST_X(h.geom) AS held_lon, ST_Y(h.geom) AS held_lat
FROM latest AS l
JOIN department AS p ON p.id = l.department_id
LEFT JOIN fence_state AS s USING (vehicle_id)
LEFT JOIN LATERAL (
    SELECT fixed_at, department_id, geom FROM fix
    WHERE vehicle_id = l.vehicle_id AND fixed_at > l.fixed_at ORDER BY fixed_at DESC LIMIT 1
) AS h ON true
WHERE p.shard = $1
