-- The believed fixes of stretches: of vehicles $1 from $2 to $3, both included, as one bytea of packed
-- records (see tracker/reads/visits.py): less than half the time of as many rows. None before $4 or after $5.
SELECT string_agg(
    int4send(s.n::integer) || timestamptz_send(f.fixed_at) || float8send(ST_X(f.geom))
    || float8send(ST_Y(f.geom)) || float4send(coalesce(f.speed_mps, 'NaN')),
    ''::bytea
)
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[])
    WITH ORDINALITY AS s (vehicle_id, first, last, n)
CROSS JOIN LATERAL (
    SELECT f.fixed_at, f.geom, f.speed_mps
    FROM seen_fix AS f
    WHERE f.vehicle_id = s.vehicle_id AND f.fixed_at >= s.first AND f.fixed_at <= s.last
      AND f.fixed_at >= $4::timestamptz AND f.fixed_at <= $5::timestamptz AND NOT f.implausible
      -- A blurred place is nowhere that anything was.
      AND f.device_id <> 0
    -- So that each stretch is one look into the primary key, whatever the planner thinks of their number.
    OFFSET 0
) AS f
