WITH stored AS (
    INSERT INTO fix (
        vehicle_id, device_id, department_id, fixed_at, received_at, geom, altitude_m, speed_mps,
        course_deg, heading_deg, accuracy_m, hdop, satellites, mode, rollover_weeks, ignition, inputs,
        ais, implausible
    )
    SELECT vehicle_id, device_id, department_id, fixed_at, received_at,
           ST_SetSRID(ST_MakePoint(lon, lat), 4326), altitude_m, speed_mps,
           course_deg, heading_deg, accuracy_m, hdop, satellites, mode, rollover_weeks, ignition, inputs,
           ais, implausible
    FROM staged_fix
    ORDER BY vehicle_id, fixed_at
    ON CONFLICT (vehicle_id, fixed_at) DO NOTHING
    RETURNING 1
), moved AS (
    INSERT INTO latest AS l (
        vehicle_id, device_id, department_id, fixed_at, received_at, lon, lat, altitude_m, speed_mps,
        course_deg, heading_deg, accuracy_m, hdop, ignition, inputs, ais, feed, n
    )
    SELECT DISTINCT ON (vehicle_id)
           vehicle_id, device_id, department_id, fixed_at, received_at, lon, lat, altitude_m, speed_mps,
           course_deg, heading_deg, accuracy_m, hdop, ignition, inputs, ais, $1::integer, $2::bigint
    FROM staged_fix
    WHERE NOT implausible
    ORDER BY vehicle_id, fixed_at DESC
    ON CONFLICT (vehicle_id) DO UPDATE SET
        device_id = excluded.device_id, department_id = excluded.department_id,
        fixed_at = excluded.fixed_at, received_at = excluded.received_at,
        lon = excluded.lon, lat = excluded.lat, altitude_m = excluded.altitude_m,
        speed_mps = excluded.speed_mps, course_deg = excluded.course_deg,
        heading_deg = excluded.heading_deg, accuracy_m = excluded.accuracy_m,
        hdop = excluded.hdop, ignition = excluded.ignition, inputs = excluded.inputs, ais = excluded.ais,
        feed = excluded.feed, n = excluded.n
    WHERE excluded.fixed_at > l.fixed_at
    RETURNING 1
)
SELECT (SELECT count(*) FROM stored) AS stored, (SELECT count(*) FROM moved) AS moved
