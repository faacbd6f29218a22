-- Vehicles of which a fix is seen in the window from $1 to $2, both included, and in the area $3 (WKB,
-- degrees; NULL: anywhere): where it was last in both, and when it was first and last in the window. By
-- full ref after ($4, $5), at most $6 of them; or the vehicle $7 alone. Each NULL: any.
SELECT v.id, d.ref || '/' || v.ref AS vehicle, d.ref AS department, v.department_id, v.name, v.plate,
       v.vehicle_class AS class, a.ref AS application, v.granted, v.moving_interval_s, l.lon, l.lat,
       first.fixed_at AS first_at, last.fixed_at AS last_at
FROM seen_vehicle AS v
JOIN department AS d ON d.id = v.department_id
LEFT JOIN application AS a ON a.id = v.application_id
CROSS JOIN LATERAL (
    SELECT ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
    FROM seen_fix AS f
    WHERE f.vehicle_id = v.id AND f.fixed_at >= $1::timestamptz AND f.fixed_at <= $2::timestamptz
      AND NOT f.implausible AND ($3::bytea IS NULL OR ST_Intersects(f.geom, ST_GeomFromWKB($3::bytea, 4326)))
    ORDER BY f.fixed_at DESC
    LIMIT 1
) AS l
CROSS JOIN LATERAL (
    SELECT f.fixed_at
    FROM seen_fix AS f
    WHERE f.vehicle_id = v.id AND f.fixed_at >= $1::timestamptz AND f.fixed_at <= $2::timestamptz
      AND NOT f.implausible
    ORDER BY f.fixed_at
    LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT f.fixed_at
    FROM seen_fix AS f
    WHERE f.vehicle_id = v.id AND f.fixed_at >= $1::timestamptz AND f.fixed_at <= $2::timestamptz
      AND NOT f.implausible
    ORDER BY f.fixed_at DESC
    LIMIT 1
) AS last
WHERE ($4::text IS NULL OR (d.ref, v.ref) > ($4::text, $5::text)) AND ($7::integer IS NULL OR v.id = $7::integer)
ORDER BY d.ref, v.ref
LIMIT $6::bigint
