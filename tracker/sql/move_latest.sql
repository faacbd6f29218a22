-- The newest plausible fix of a vehicle became another one by late fixes: a stored one, perhaps older.
UPDATE latest AS l SET
    device_id = f.device_id, department_id = f.department_id,
    fixed_at = f.fixed_at, received_at = f.received_at,
    lon = ST_X(f.geom), lat = ST_Y(f.geom), altitude_m = f.altitude_m,
    speed_mps = f.speed_mps, course_deg = f.course_deg,
    heading_deg = f.heading_deg, accuracy_m = f.accuracy_m,
    hdop = f.hdop, ignition = f.ignition, inputs = f.inputs, ais = f.ais,
    feed = $1, n = $2
FROM unnest($3::integer[], $4::timestamptz[]) AS w (vehicle_id, fixed_at)
JOIN fix AS f ON f.vehicle_id = w.vehicle_id AND f.fixed_at = w.fixed_at
WHERE l.vehicle_id = w.vehicle_id AND l.fixed_at <> w.fixed_at
