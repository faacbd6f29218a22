INSERT INTO track_chunk (
    vehicle_id, started_at, ended_at, department_id, fixes, length_m, moving_s, idling_s, stopped_s,
    engine_s, max_speed_mps, path
)
SELECT c.*, p.path
FROM unnest(
    $1::integer[], $2::timestamptz[], $3::timestamptz[], $4::integer[], $5::integer[], $6::float8[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::real[]
) AS c (vehicle_id, started_at, ended_at, department_id, fixes, length_m, moving_s, idling_s, stopped_s,
        engine_s, max_speed_mps)
CROSS JOIN LATERAL (
    SELECT CASE count(*) WHEN 1 THEN (array_agg(f.at))[1] ELSE ST_MakeLine(f.at ORDER BY ST_M(f.at)) END AS path
    FROM (
        SELECT ST_SetSRID(ST_MakePointM(
                   ST_X(f.geom), ST_Y(f.geom), (extract(epoch FROM f.fixed_at) * 1000)::bigint
               ), 4326) AS at
        FROM fix AS f
        WHERE f.vehicle_id = c.vehicle_id AND f.fixed_at BETWEEN c.started_at AND c.ended_at
          AND NOT f.implausible
    ) AS f
) AS p
-- What went since it was read has told so, and is gone over again.
WHERE p.path IS NOT NULL
