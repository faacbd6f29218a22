-- By how much the chunks of a vehicle grew; they are exact to the millimetre and millisecond.
INSERT INTO odometer AS o (vehicle_id, department_id, distance_m, engine_s, at)
SELECT g.vehicle_id, v.department_id, g.distance_m, g.engine_s, g.at
FROM unnest($1::integer[], $2::float8[], $3::float8[], $4::timestamptz[])
    AS g (vehicle_id, distance_m, engine_s, at)
JOIN vehicle AS v ON v.id = g.vehicle_id
ON CONFLICT (vehicle_id) DO UPDATE SET
    department_id = excluded.department_id,
    distance_m = round((o.distance_m + excluded.distance_m)::numeric, 3)::float8,
    engine_s = CASE WHEN o.engine_s IS NULL THEN excluded.engine_s
        ELSE round((o.engine_s + coalesce(excluded.engine_s, 0))::numeric, 3)::float8 END,
    at = greatest(o.at, excluded.at)
