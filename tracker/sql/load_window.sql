-- For each vehicle the stored fixes from the one before `first` to the one after `last`.
SELECT w.vehicle_id, f.department_id, f.fixed_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, first, last)
CROSS JOIN LATERAL (
    (SELECT department_id, fixed_at, geom FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at < w.first ORDER BY fixed_at DESC LIMIT 1)
    UNION ALL
    (SELECT department_id, fixed_at, geom FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at BETWEEN w.first AND w.last)
    UNION ALL
    (SELECT department_id, fixed_at, geom FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at > w.last ORDER BY fixed_at LIMIT 1)
) AS f
ORDER BY w.vehicle_id, f.fixed_at
