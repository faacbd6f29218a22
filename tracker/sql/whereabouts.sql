-- For each vehicle the believed fixes around the instant $1: the last at or before it, not older than
-- $2, and the first after it, before $3. Of the vehicle $4, of the department $5, by full ref after
-- ($6, $7), at most $8 of them; of what was received by $9. Each NULL: any.
SELECT v.id, d.ref || '/' || v.ref AS vehicle, d.ref AS department, v.name, v.vehicle_class AS class,
       v.moving_interval_s,
       v.stopped_interval_s, v.granted, b.speed_mps AS before_speed_mps, b.fixed_at AS before_at, b.received_at AS before_received_at, b.lon AS before_lon, b.lat AS before_lat,
       a.fixed_at AS after_at, a.received_at AS after_received_at, a.lon AS after_lon, a.lat AS after_lat
FROM (
    SELECT v.id, v.department_id, v.ref, v.name, v.vehicle_class, v.moving_interval_s,
           v.stopped_interval_s, v.granted
    FROM seen_vehicle AS v
    JOIN department AS d ON d.id = v.department_id
    WHERE (v.id = $4::integer OR ($4::integer IS NULL AND (v.retired_at IS NULL OR v.retired_at > $1)))
      AND ($5::integer IS NULL OR v.department_id = $5::integer)
      AND ($6::text IS NULL OR (d.ref, v.ref) > ($6::text, $7::text))
    ORDER BY d.ref, v.ref
    LIMIT $8::bigint
) AS v
JOIN department AS d ON d.id = v.department_id
LEFT JOIN LATERAL (
    SELECT f.fixed_at, f.received_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.speed_mps
    FROM seen_fix AS f
    WHERE f.vehicle_id = v.id AND f.fixed_at <= $1::timestamptz AND f.fixed_at > $2::timestamptz
      AND NOT f.implausible AND f.received_at <= coalesce($9::timestamptz, 'infinity')
    ORDER BY f.fixed_at DESC
    LIMIT 1
) AS b ON true
LEFT JOIN LATERAL (
    SELECT f.fixed_at, f.received_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
    FROM seen_fix AS f
    WHERE f.vehicle_id = v.id AND f.fixed_at > $1::timestamptz AND f.fixed_at < $3::timestamptz
      AND NOT f.implausible AND f.received_at <= coalesce($9::timestamptz, 'infinity')
    ORDER BY f.fixed_at
    LIMIT 1
) AS a ON true
ORDER BY d.ref, v.ref
