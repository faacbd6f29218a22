-- What changed in a scope since a vector cursor (feeds $1, their numbers $2; empty: everything; $3: all
-- positions whatever the cursor, for what is granted comes and goes without a number), and
-- the heads of all feeds: ONE statement, so one snapshot, and no row hides between the two (law 3).
-- Positions are one bytea of packed records (see tracker/live.py): half the time of as many rows.
WITH seen AS MATERIALIZED (
    SELECT f.id, f.n AS head, coalesce(c.n, -1) AS n
    FROM feed AS f
    LEFT JOIN unnest($1::integer[], $2::bigint[]) AS c (id, n) ON c.id = f.id
)
SELECT
    i.feed_epoch,
    i.registry_version,
    milepost_now() AS now,
    (SELECT array_agg(id ORDER BY id) FROM seen) AS feeds,
    (SELECT array_agg(head ORDER BY id) FROM seen) AS heads,
    (
        SELECT string_agg(
            int4send(l.vehicle_id) || float8send(l.lon) || float8send(l.lat)
            || timestamptz_send(l.fixed_at) || timestamptz_send(l.received_at)
            || float4send(coalesce(l.speed_mps, 'NaN'))
            || float4send(coalesce(l.heading_deg, l.course_deg, 'NaN'))
            || int2send(coalesce(l.ignition::integer, -1)::smallint),
            ''::bytea
        )
        FROM seen_latest AS l
        LEFT JOIN seen AS s ON s.id = l.feed
        JOIN seen_vehicle AS v ON v.id = l.vehicle_id
        WHERE (l.n > coalesce(s.n, -1) OR $3::boolean) AND v.retired_at IS NULL
    ) AS positions,
    (
        SELECT array_agg(a.id)
        FROM seen AS s
        JOIN seen_alert AS a ON a.feed = s.id AND a.n > s.n
        WHERE cardinality($1::integer[]) > 0
    ) AS alert_ids,
    (
        -- What vehicles do now of which something was said since.
        SELECT jsonb_object_agg(d.ref || '/' || v.ref, newest.status)
        FROM (
            SELECT DISTINCT s.vehicle_id
            FROM seen AS f
            JOIN duty_status AS s ON s.feed = f.id AND s.n > f.n
            WHERE cardinality($1::integer[]) > 0
        ) AS said
        JOIN vehicle AS v ON v.id = said.vehicle_id AND v.retired_at IS NULL
        JOIN department AS d ON d.id = v.department_id
        CROSS JOIN LATERAL (
            SELECT s.status FROM duty_status AS s WHERE s.vehicle_id = v.id ORDER BY s.since DESC LIMIT 1
        ) AS newest
    ) AS duties,
    ARRAY(SELECT DISTINCT g.grant_id::text FROM caller_spans() AS g ORDER BY 1) AS grants,
    (
        SELECT jsonb_object_agg(d.ref || '/' || v.ref, d.id)
        FROM shared_vehicle AS v
        JOIN department AS d ON d.id = v.department_id
    ) AS granted
FROM installation AS i
