-- How long vehicles $1 were in each cell of $6 degrees, since $4 and before $5: from each believed fix to
-- the next one, unless that is a gap: a silence over $2 seconds, or over $3 behind a fix slower than $8 (one
-- number a vehicle). At most $7 cells, those with the most time; the sums are of all of them.
WITH told AS (
    SELECT s.vehicle_id, f.lon, f.lat,
           CASE WHEN f.speed_mps < $8::real THEN s.rest_s ELSE s.moving_s END AS gap_s,
           extract(epoch FROM lead(f.fixed_at) OVER vehicle - f.fixed_at)::float8 AS next_s
    FROM unnest($1::integer[], $2::float8[], $3::float8[]) AS s (vehicle_id, moving_s, rest_s)
    CROSS JOIN LATERAL (
        SELECT f.fixed_at, f.speed_mps, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
        FROM seen_fix AS f
        WHERE f.vehicle_id = s.vehicle_id AND f.fixed_at >= $4::timestamptz
          AND f.fixed_at < $5::timestamptz AND NOT f.implausible
          -- A blurred place is nowhere that anything was.
          AND f.device_id <> 0
        -- One look into the primary key a vehicle, whatever the planner thinks of their number.
        OFFSET 0
    ) AS f
    WINDOW vehicle AS (PARTITION BY s.vehicle_id ORDER BY f.fixed_at)
),
cells AS (
    SELECT floor(lon / $6::float8) AS x, floor(lat / $6::float8) AS y,
           coalesce(sum(next_s) FILTER (WHERE next_s <= gap_s), 0) AS spent_s,
           count(*) AS fixes
    FROM told
    GROUP BY 1, 2
)
SELECT (x + 0.5) * $6::float8 AS lon, (y + 0.5) * $6::float8 AS lat, spent_s,
       sum(spent_s) OVER () AS total_s, sum(fixes) OVER ()::bigint AS fixes, count(*) OVER () AS cells,
       (SELECT count(DISTINCT vehicle_id) FROM told) AS vehicles
FROM cells
ORDER BY spent_s DESC, x, y
LIMIT $7::integer
