-- Of each vehicle ($1) the fixes after a time ($2) up to another ($3), the $4 earliest, as one bytea of
-- packed records (see tracker/backtest/fixes.py): less than half the time of as many rows. The inputs of
-- devices as an array of as many; NULL where there are none at all.
SELECT
    string_agg(
    int4send(w.vehicle_id) || int4send(f.department_id) || timestamptz_send(f.fixed_at)
    || float8send(ST_X(f.geom)) || float8send(ST_Y(f.geom))
    || float4send(coalesce(f.accuracy_m, 'NaN')) || float4send(coalesce(f.hdop, 'NaN'))
    || float4send(coalesce(f.speed_mps, 'NaN'))
    || int2send(coalesce(f.ignition::integer, -1)::smallint),
    ''::bytea
    ) AS packed,
    CASE WHEN bool_or(f.inputs <> '{}') THEN array_agg(f.inputs) END AS inputs
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, after, until)
CROSS JOIN LATERAL (
    SELECT department_id, fixed_at, geom, accuracy_m, hdop, speed_mps, ignition, inputs FROM fix
    WHERE vehicle_id = w.vehicle_id AND fixed_at > w.after AND fixed_at <= w.until
    ORDER BY fixed_at LIMIT $4
) AS f
