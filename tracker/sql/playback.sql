-- The believed fixes of a window $1 <= fixed_at < $2, and of each vehicle the last one before it (not
-- before $3) and the first one behind it (before $4), so that a window stands alone; of the vehicles
-- $5 (NULL: all that were not retired by $1), of the department $6 (NULL: any), of what was received
-- by $7, at most $8 of the window itself. One bytea of packed records (see tracker/reads/playback.py):
-- a tenth of the time of as many rows.
WITH v AS MATERIALIZED (
    SELECT s.id, s.vehicle_class, s.moving_interval_s, s.stopped_interval_s, s.granted
    FROM seen_vehicle AS s
    WHERE CASE WHEN $5::integer[] IS NULL THEN s.retired_at IS NULL OR s.retired_at > $1::timestamptz
               ELSE s.id = any($5::integer[]) END
      AND ($6::integer IS NULL OR s.department_id = $6::integer)
), told AS (
    (
        -- Of all: the pages of that time, one after the other.
        SELECT f.vehicle_id, f.fixed_at, f.received_at, f.geom, f.speed_mps, f.heading_deg, f.course_deg,
               f.ignition
        FROM seen_fix AS f
        WHERE $5::integer[] IS NULL AND f.fixed_at >= $1::timestamptz AND f.fixed_at < $2::timestamptz
          AND ($6::integer IS NULL OR f.department_id = $6::integer)
          AND NOT f.implausible AND f.received_at <= coalesce($7::timestamptz, 'infinity')
        LIMIT $8::bigint
    )
    UNION ALL
    (
        -- Of some: by the key.
        SELECT f.vehicle_id, f.fixed_at, f.received_at, f.geom, f.speed_mps, f.heading_deg, f.course_deg,
               f.ignition
        FROM v
        CROSS JOIN LATERAL (
            SELECT * FROM seen_fix AS f
            WHERE f.vehicle_id = v.id AND f.fixed_at >= $1::timestamptz AND f.fixed_at < $2::timestamptz
              AND NOT f.implausible AND f.received_at <= coalesce($7::timestamptz, 'infinity')
        ) AS f
        WHERE $5::integer[] IS NOT NULL
        LIMIT $8::bigint
    )
    UNION ALL
    SELECT f.vehicle_id, f.fixed_at, f.received_at, f.geom, f.speed_mps, f.heading_deg, f.course_deg,
           f.ignition
    FROM v
    CROSS JOIN LATERAL (
        SELECT * FROM seen_fix AS f
        WHERE f.vehicle_id = v.id AND f.fixed_at < $1::timestamptz AND f.fixed_at >= $3::timestamptz
          AND NOT f.implausible AND f.received_at <= coalesce($7::timestamptz, 'infinity')
        ORDER BY f.fixed_at DESC
        LIMIT 1
    ) AS f
    UNION ALL
    SELECT f.vehicle_id, f.fixed_at, f.received_at, f.geom, f.speed_mps, f.heading_deg, f.course_deg,
           f.ignition
    FROM v
    CROSS JOIN LATERAL (
        SELECT * FROM seen_fix AS f
        WHERE f.vehicle_id = v.id AND f.fixed_at >= $2::timestamptz AND f.fixed_at < $4::timestamptz
          AND NOT f.implausible AND f.received_at <= coalesce($7::timestamptz, 'infinity')
        ORDER BY f.fixed_at
        LIMIT 1
    ) AS f
)
SELECT (
    SELECT string_agg(
        int4send(t.vehicle_id) || float8send(ST_X(t.geom)) || float8send(ST_Y(t.geom))
        || timestamptz_send(t.fixed_at) || timestamptz_send(t.received_at)
        || float4send(coalesce(t.speed_mps, 'NaN'))
        || float4send(coalesce(t.heading_deg, t.course_deg, 'NaN'))
        || int2send(coalesce(t.ignition::integer, -1)::smallint),
        ''::bytea
    )
    FROM told AS t
) AS fixes, array_agg(v.id ORDER BY v.id) AS ids, array_agg(v.vehicle_class ORDER BY v.id) AS classes,
array_agg(v.moving_interval_s ORDER BY v.id) AS moving_s,
array_agg(v.stopped_interval_s ORDER BY v.id) AS stopped_s,
array_agg(coalesce(v.granted = 'blurred', false) ORDER BY v.id) AS blurred
FROM v
