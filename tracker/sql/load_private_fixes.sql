-- Those fixes of a private interval that `erase_private` will delete next.
SELECT f.vehicle_id, f.department_id, f.fixed_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
FROM private_interval AS p
JOIN fix AS f ON f.vehicle_id = p.vehicle_id AND f.fixed_at >= p.starts_at AND f.fixed_at < p.ends_at
WHERE p.id = $1 AND NOT is_held(f.department_id, f.vehicle_id, f.fixed_at, f.fixed_at)
ORDER BY f.fixed_at LIMIT $2
