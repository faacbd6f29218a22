-- Plausible fixes of each vehicle behind a time, the $3 earliest.
SELECT w.vehicle_id, f.department_id, (extract(epoch FROM f.fixed_at) * 1000)::bigint AS fixed_ms,
       ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.speed_mps, f.ignition
FROM unnest($1::integer[], $2::timestamptz[]) AS w (vehicle_id, after)
CROSS JOIN LATERAL (
    SELECT department_id, fixed_at, geom, speed_mps, ignition FROM fix
    WHERE vehicle_id = w.vehicle_id AND fixed_at > w.after AND NOT implausible
    ORDER BY fixed_at LIMIT $3
) AS f
ORDER BY w.vehicle_id, f.fixed_at
