-- The stored fixes of vehicles after a time and up to another.
SELECT w.vehicle_id, f.department_id, f.fixed_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
       f.accuracy_m, f.hdop, f.speed_mps, f.ignition, f.inputs, f.implausible
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, after, until)
JOIN fix AS f ON f.vehicle_id = w.vehicle_id AND f.fixed_at > w.after AND f.fixed_at <= w.until
ORDER BY w.vehicle_id, f.fixed_at
