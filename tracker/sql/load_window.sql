-- For each vehicle its stored fixes over a window, with those before it that must be gone over too,
-- and $4 after it. It begins at the last but one fix before the window that is not marked: what comes
-- later can change the mark of the last one at most, of which the next one may not have been the proof.
SELECT w.vehicle_id, f.department_id, f.fixed_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.implausible
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, first, last)
CROSS JOIN LATERAL (
    (SELECT department_id, fixed_at, geom, implausible FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at < w.first
       AND fixed_at >= coalesce(
           (SELECT fixed_at FROM fix
            WHERE vehicle_id = w.vehicle_id AND fixed_at < w.first AND NOT implausible
            ORDER BY fixed_at DESC OFFSET 1 LIMIT 1),
           '-infinity'
       ))
    UNION ALL
    (SELECT department_id, fixed_at, geom, implausible FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at BETWEEN w.first AND w.last)
    UNION ALL
    (SELECT department_id, fixed_at, geom, implausible FROM fix
     WHERE vehicle_id = w.vehicle_id AND fixed_at > w.last ORDER BY fixed_at LIMIT $4)
) AS f
ORDER BY w.vehicle_id, f.fixed_at
