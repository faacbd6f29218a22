-- What one department sees of another: the one place that decides (docs/grants.md), for every read.
-- Run behind keeping.sql, after drop_sharing.sql.
--
-- grant_spans   who may see which vehicle, how much of it, from when until when
-- shared_…      what is seen through grants: security barriers of the role milepost_grants, which
--               reads everything; only what they let through leaves them, and nothing without a scope
-- seen_…        own rows, by the base table's own row security, and shared ones

-- Minutes since Monday's midnight in a zone.
CREATE OR REPLACE FUNCTION minute_of_week(at timestamptz, zone text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((extract(isodow FROM at AT TIME ZONE zone) - 1) * 1440
        + extract(hour FROM at AT TIME ZONE zone) * 60 + extract(minute FROM at AT TIME ZONE zone))::integer
$$;

-- Whether a place at a time lies in an area and in hours, as far as there are any.
CREATE OR REPLACE FUNCTION is_within(area geometry, minutes int4multirange, zone text, place geometry, at timestamptz)
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (area IS NULL OR ST_Covers(area, place)) AND (minutes IS NULL OR minutes @> minute_of_week(at, zone))
$$;

-- The middle of the cell of geo/blur.py that a place lies in: the same formula, cells of 1,000 m.
CREATE OR REPLACE FUNCTION blurred(place geometry) RETURNS geometry
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ST_SetSRID(ST_MakePoint((piece + 0.5) * width - 180, (band + 0.5) * height - 90), 4326)
    FROM (
        SELECT band, height, width, least(greatest(floor(
                   (ST_X(place) + 180 - 360 * floor((ST_X(place) + 180) / 360)) / width), 0), 360 / width - 1
               ) AS piece
        FROM (
            SELECT band, height, 360 / greatest(floor(2 * pi() * 6378137.0 * cos(phi)
                       / sqrt(1 - 6.6943799901413e-3 * sin(phi) ^ 2) / 1000), 1) AS width
            FROM (
                SELECT band, height, radians(least(greatest(abs(band * height - 90),
                           abs((band + 1) * height - 90)), 90)) AS phi
                FROM (
                    SELECT height, least(greatest(floor((ST_Y(place) + 90) / height), 0), 180 / height - 1) AS band
                    FROM (SELECT 180 / floor(180 * 110574.0 / 1000) AS height) AS bands
                ) AS banded
            ) AS high
        ) AS cut
    ) AS cell
$$;

-- The ten minutes that a blurred time is told as: their beginning.
CREATE OR REPLACE FUNCTION coarse(at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT date_bin('10 minutes', at, '2000-01-01 00:00:00+00')
$$;

-- What departments were granted, as far as it is in force now: of a group, for as long as a vehicle
-- is in it.
CREATE FUNCTION grant_spans(to_ids integer[])
    RETURNS TABLE (grant_id uuid, level text, department_id integer, vehicle_id integer,
                   from_at timestamptz, until_at timestamptz, area geometry, minutes int4multirange,
                   zone text, fence_ids integer[], purpose text, valid_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT g.id, g.level, g.from_department_id, m.vehicle_id,
           greatest(g.valid_from, m.from_at), least(g.valid_until, m.until_at),
           g.area, g.minutes, (SELECT i.time_zone FROM installation AS i),
           ARRAY(SELECT f.id FROM fence AS f
                 WHERE f.department_id = g.from_department_id AND f.ref = any(g.fences)),
           g.purpose, g.valid_until
    FROM location_grant AS g
    CROSS JOIN LATERAL (
        SELECT v.id, '-infinity'::timestamptz, 'infinity'::timestamptz
        FROM vehicle AS v
        WHERE v.department_id = g.from_department_id AND v.ref = any(g.vehicles)
        UNION ALL
        SELECT k.vehicle_id, coalesce(lower(k.during), '-infinity'), coalesce(upper(k.during), 'infinity')
        FROM vehicle_group AS p
        JOIN vehicle_group_member AS k ON k.department_id = p.department_id AND k.group_id = p.id
        WHERE p.department_id = g.from_department_id AND p.ref = any(g.vehicle_groups)
    ) AS m (vehicle_id, from_at, until_at)
    WHERE g.to_department_id = any(to_ids) AND g.from_department_id <> all(to_ids)
      AND g.approved_at IS NOT NULL AND g.revoked_at IS NULL
      AND g.valid_from <= now() AND g.valid_until > now()
      AND greatest(g.valid_from, m.from_at) < least(g.valid_until, m.until_at)
$$;

-- Those of the caller's scope; no scope, no grants. A contractor is granted nothing.
CREATE FUNCTION caller_spans()
    RETURNS TABLE (grant_id uuid, level text, department_id integer, vehicle_id integer,
                   from_at timestamptz, until_at timestamptz, area geometry, minutes int4multirange,
                   zone text, fence_ids integer[], purpose text, valid_until timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT * FROM grant_spans(string_to_array(nullif(current_setting('app.depts', true), ''), ',')::integer[])
    WHERE coalesce(current_setting('app.contractors', true), '') = ''
$$;

-- Vehicles of which anything is seen, by the most that any grant lets see.
CREATE VIEW shared_vehicle WITH (security_barrier) AS
WITH g AS MATERIALIZED (
    SELECT DISTINCT ON (vehicle_id) vehicle_id, department_id, level, purpose, valid_until
    FROM caller_spans()
    ORDER BY vehicle_id, array_position(ARRAY['position', 'blurred', 'presence'], level), valid_until DESC
)
SELECT v.id, v.department_id, NULL::integer AS application_id, v.ref,
       CASE WHEN g.level = 'position' THEN v.plate END AS plate, v.name, v.vehicle_class, v.capabilities,
       CASE WHEN g.level = 'blurred' THEN 600 ELSE v.moving_interval_s END AS moving_interval_s,
       CASE WHEN g.level = 'blurred' THEN 600 ELSE v.stopped_interval_s END AS stopped_interval_s,
       v.created_at, v.retired_at, v.heartbeat_s,
       v.max_speed_mps, g.level AS granted, g.purpose, g.valid_until AS granted_until
FROM g
JOIN vehicle AS v ON v.id = g.vehicle_id AND v.department_id = g.department_id;

-- Fixes as they are, and blurred ones: of ten minutes that are over the last one, as the beginning
-- of these and the middle of its cell. So neither a place nor the moment of a change of cell is told.
CREATE VIEW shared_fix WITH (security_barrier) AS
WITH g AS MATERIALIZED (SELECT * FROM caller_spans())
SELECT f.fixed_at, f.received_at, f.geom, f.vehicle_id, f.device_id, f.department_id, f.altitude_m,
       f.speed_mps, f.course_deg, f.heading_deg, f.accuracy_m, f.hdop, f.satellites, f.mode,
       f.ignition, f.ais, f.implausible
FROM (SELECT DISTINCT vehicle_id, department_id FROM g WHERE level = 'position') AS s
JOIN fix AS f ON f.vehicle_id = s.vehicle_id AND f.department_id = s.department_id
WHERE EXISTS (
    SELECT FROM g
    WHERE g.level = 'position' AND g.vehicle_id = f.vehicle_id AND g.department_id = f.department_id
      AND f.fixed_at >= g.from_at AND f.fixed_at < g.until_at
      AND is_within(g.area, g.minutes, g.zone, f.geom, f.fixed_at)
)
UNION ALL
SELECT b.at, b.at, blurred(f.geom), s.vehicle_id, 0, s.department_id, NULL::real, NULL::real, NULL::real,
       NULL::real, NULL::real, NULL::real, NULL::smallint, NULL::smallint, NULL::boolean, false, false
FROM (
    SELECT vehicle_id, department_id, min(from_at) AS from_at, max(until_at) AS until_at
    FROM g WHERE level = 'blurred' GROUP BY 1, 2
) AS s
CROSS JOIN LATERAL generate_series(
    coarse(s.from_at), least(s.until_at, now()) - interval '10 minutes', interval '10 minutes'
) AS b (at)
CROSS JOIN LATERAL (
    SELECT f.geom
    FROM fix AS f
    WHERE f.vehicle_id = s.vehicle_id AND f.department_id = s.department_id AND NOT f.implausible
      AND f.fixed_at >= b.at AND f.fixed_at < b.at + interval '10 minutes'
      AND EXISTS (
          SELECT FROM g
          WHERE g.level = 'blurred' AND g.vehicle_id = f.vehicle_id AND g.department_id = f.department_id
            AND f.fixed_at >= g.from_at AND f.fixed_at < g.until_at
            AND is_within(g.area, g.minutes, g.zone, f.geom, f.fixed_at)
      )
      AND NOT EXISTS (
          SELECT FROM g
          WHERE g.level = 'position' AND g.vehicle_id = f.vehicle_id AND g.department_id = f.department_id
            AND f.fixed_at >= g.from_at AND f.fixed_at < g.until_at
            AND is_within(g.area, g.minutes, g.zone, f.geom, f.fixed_at)
      )
    ORDER BY f.fixed_at DESC
    LIMIT 1
) AS f;

-- Who has no place now: what the policy `private` of latest (keeping.sql) is for the API. That one
-- cannot be for milepost_grants too: the owner, being a member of it, would be bound as well.
CREATE VIEW private_now AS
SELECT p.vehicle_id FROM private_interval AS p WHERE p.ends_at > now() AND p.starts_at <= now();

-- Where vehicles are: only while the newest fix itself is to be seen. A blurred one is where it was
-- when the last ten minutes were over; it has no number of a feed, but of feed -1 the time (unix s) of
-- the end of the ten minutes in which we had heard of it.
CREATE VIEW shared_latest WITH (security_barrier) AS
WITH g AS MATERIALIZED (SELECT * FROM caller_spans()), exact AS MATERIALIZED (
    SELECT l.*
    FROM latest AS l
    WHERE l.vehicle_id NOT IN (SELECT vehicle_id FROM private_now) AND EXISTS (
        SELECT FROM g
        WHERE g.level = 'position' AND g.vehicle_id = l.vehicle_id AND g.department_id = l.department_id
          AND l.fixed_at >= g.from_at AND l.fixed_at < g.until_at
          AND is_within(g.area, g.minutes, g.zone, ST_SetSRID(ST_MakePoint(l.lon, l.lat), 4326), l.fixed_at)
    )
)
SELECT l.feed, l.n, l.vehicle_id, l.department_id, l.device_id, l.fixed_at, l.received_at, l.lon, l.lat,
       l.altitude_m, l.speed_mps, l.course_deg, l.heading_deg, l.accuracy_m, l.ignition,
       NULL::jsonb AS inputs, l.ais, l.hdop
FROM exact AS l
UNION ALL
SELECT -1, extract(epoch FROM coarse(greatest(f.fixed_at, f.received_at)) + interval '10 minutes')::bigint,
       s.vehicle_id, s.department_id, 0, coarse(f.fixed_at), coarse(f.fixed_at),
       ST_X(blurred(f.geom)), ST_Y(blurred(f.geom)), NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL
FROM (SELECT DISTINCT vehicle_id, department_id FROM g WHERE level = 'blurred') AS s
CROSS JOIN LATERAL (
    SELECT f.fixed_at, f.received_at, f.geom
    FROM fix AS f
    WHERE f.vehicle_id = s.vehicle_id AND f.department_id = s.department_id AND NOT f.implausible
      AND f.fixed_at < coarse(now()) AND f.fixed_at >= coarse(now()) - interval '1 day'
    ORDER BY f.fixed_at DESC
    LIMIT 1
) AS f
WHERE EXISTS (
    SELECT FROM g
    WHERE g.level = 'blurred' AND g.vehicle_id = s.vehicle_id AND g.department_id = s.department_id
      AND f.fixed_at >= g.from_at AND f.fixed_at < g.until_at
      AND is_within(g.area, g.minutes, g.zone, f.geom, f.fixed_at)
)
AND s.vehicle_id NOT IN (SELECT vehicle_id FROM exact)
AND s.vehicle_id NOT IN (SELECT vehicle_id FROM private_now);

-- Pieces of tracks that lie wholly in what was granted as positions.
CREATE VIEW shared_track_chunk WITH (security_barrier) AS
WITH g AS MATERIALIZED (SELECT * FROM caller_spans() WHERE level = 'position')
SELECT c.vehicle_id, c.started_at, c.ended_at, c.department_id, c.path, c.fixes, c.length_m, c.moving_s,
       c.idling_s, c.stopped_s, c.engine_s, c.max_speed_mps
FROM (SELECT DISTINCT vehicle_id, department_id FROM g) AS s
JOIN track_chunk AS c ON c.vehicle_id = s.vehicle_id AND c.department_id = s.department_id
WHERE EXISTS (
    SELECT FROM g
    WHERE g.vehicle_id = c.vehicle_id AND g.department_id = c.department_id
      AND c.started_at >= g.from_at AND c.ended_at < g.until_at
      AND (g.area IS NULL OR ST_Covers(g.area, c.path))
      AND (g.minutes IS NULL OR (
          minute_of_week(c.started_at, g.zone) <= minute_of_week(c.ended_at, g.zone)
          AND g.minutes @> int4range(minute_of_week(c.started_at, g.zone),
                                     minute_of_week(c.ended_at, g.zone), '[]')
      ))
);

-- Crossings of the fences that a grant names, judged at the time of the event and at the last fix
-- up to it.
CREATE VIEW shared_event WITH (security_barrier) AS
WITH g AS MATERIALIZED (SELECT * FROM caller_spans() WHERE fence_ids <> '{}')
SELECT e.id, e.department_id, e.vehicle_id, e.fence_id, e.fence_version, e.kind, e.at, e.time,
       e.not_before, e.not_after, e.interpolated, e.gap, e.late, e.cause, e.status, e.amends,
       e.revision, e.created_at, NULL::integer AS rule_id, NULL::double precision AS max_kmh,
       NULL::double precision AS length_s, NULL::timestamptz AS ended_at, NULL::double precision AS lowest,
       NULL::double precision AS highest, NULL::integer AS other_vehicle_id,
       NULL::double precision AS distance_m, e.shadow
FROM (SELECT DISTINCT vehicle_id, department_id FROM g) AS s
JOIN event AS e ON e.vehicle_id = s.vehicle_id AND e.department_id = s.department_id
WHERE e.kind IN ('present', 'enter', 'exit') AND NOT e.shadow AND EXISTS (
    SELECT FROM g
    WHERE g.vehicle_id = e.vehicle_id AND g.department_id = e.department_id
      AND e.fence_id = any(g.fence_ids) AND e.at >= g.from_at AND e.at < g.until_at
      AND (g.minutes IS NULL OR g.minutes @> minute_of_week(e.at, g.zone))
      AND (g.area IS NULL OR ST_Covers(g.area, (
          SELECT f.geom
          FROM fix AS f
          WHERE f.vehicle_id = e.vehicle_id AND NOT f.implausible AND f.fixed_at <= e.not_after
            AND f.fixed_at > e.not_after - interval '1 day'
          ORDER BY f.fixed_at DESC
          LIMIT 1
      )))
);

-- Alerts of shared events; who did what to them, and their words, stay with their owner.
CREATE VIEW shared_alert WITH (security_barrier) AS
SELECT a.feed, a.n, a.id, a.department_id, a.rule_id, a.event_id, a.vehicle_id, a.fence_id, a.severity,
       a.state, a.opened_at, a.acknowledged_at, NULL::text AS acknowledged_by, NULL::text AS note,
       a.closed_at, NULL::text AS closed_by, a.close_reason, a.waits_since, NULL::text AS assigned_to,
       a.snoozed_until, a.escalated_at, a.suppressed, a.last_event_at, a.revision, a.ends_at,
       a.shadow, a.rule_version
FROM shared_event AS e
JOIN alert AS a ON a.event_id = e.id AND NOT a.shadow;

CREATE VIEW shared_fence WITH (security_barrier) AS
SELECT f.id, f.department_id, f.ref, f.name, f.kind
FROM fence AS f
WHERE f.id IN (SELECT unnest(fence_ids) FROM caller_spans());

CREATE VIEW shared_rule WITH (security_barrier) AS
SELECT r.id, r.department_id, r.ref, r.name
FROM rule AS r
WHERE r.id IN (SELECT rule_id FROM shared_alert);

-- Inside which of the named fences vehicles are, of which no more is told.
CREATE VIEW shared_presence WITH (security_barrier) AS
SELECT l.vehicle_id, l.department_id, v.fence_id, coarse(l.fixed_at) AS at,
       bool_or(ST_Covers(v.geom, place)) AS inside
FROM caller_spans() AS g
JOIN latest AS l ON l.vehicle_id = g.vehicle_id AND l.department_id = g.department_id
CROSS JOIN LATERAL ST_SetSRID(ST_MakePoint(l.lon, l.lat), 4326) AS place
JOIN fence_version AS v ON v.fence_id = any(g.fence_ids) AND v.in_force @> now()
WHERE g.level = 'presence' AND l.vehicle_id NOT IN (SELECT vehicle_id FROM private_now)
  AND l.fixed_at >= g.from_at AND l.fixed_at < g.until_at
  AND is_within(g.area, g.minutes, g.zone, place, l.fixed_at)
GROUP BY l.vehicle_id, l.department_id, v.fence_id, l.fixed_at;

-- Whether departments are granted an event at this moment: asked again at each delivery.
CREATE FUNCTION is_granted_event(to_ids integer[], wanted uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM event AS e
        JOIN grant_spans(to_ids) AS g
          ON g.vehicle_id = e.vehicle_id AND g.department_id = e.department_id
         AND e.fence_id = any(g.fence_ids) AND e.at >= g.from_at AND e.at < g.until_at
        WHERE e.id = wanted AND NOT e.shadow AND e.kind IN ('present', 'enter', 'exit')
          AND (g.minutes IS NULL OR g.minutes @> minute_of_week(e.at, g.zone))
          AND (g.area IS NULL OR ST_Covers(g.area, (
              SELECT f.geom
              FROM fix AS f
              WHERE f.vehicle_id = e.vehicle_id AND NOT f.implausible AND f.fixed_at <= e.not_after
                AND f.fixed_at > e.not_after - interval '1 day'
              ORDER BY f.fixed_at DESC
              LIMIT 1
          )))
    )
$$;

-- What is told to another department of an event or of a change of its alert (a body of the outbox):
-- who did what to an alert, and their words, are the owner's.
CREATE OR REPLACE FUNCTION granted_body(body jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT body || '{"max_kmh": null, "length_s": null, "ended_at": null, "lowest": null, "highest": null,
                     "other": null, "other_name": null, "distance_m": null, "sensor": null, "joined": []}'
        || jsonb_build_object('alerts', coalesce((
            SELECT jsonb_agg((
                SELECT jsonb_object_agg(key, value) FROM jsonb_each(a.alert)
                WHERE key IN ('id', 'rule', 'rule_name', 'severity', 'state', 'close_reason', 'opened_at',
                              'acknowledged_at', 'escalated_at', 'suppressed')
            ) ORDER BY a.place)
            FROM jsonb_array_elements(body -> 'alerts') WITH ORDINALITY AS a (alert, place)
        ), '[]'))
        || CASE WHEN jsonb_typeof(body -> 'change') = 'object' THEN jsonb_build_object('change', (
            SELECT jsonb_object_agg(key, value) FROM jsonb_each(body -> 'change')
            WHERE key IN ('what', 'alert', 'reason')
        )) ELSE '{}' END
$$;

-- What the caller is told of others' events after a vector cursor (as in stream_events.sql), and of what
-- became of their alerts: a function, for the cursor must reach the index, which no barrier lets through.
CREATE FUNCTION granted_tellings(feeds integer[], ns bigint[], subs bigint[], types text[], most integer)
    RETURNS TABLE (sub bigint, feed integer, n bigint, type text, event_id uuid, revision integer, body jsonb,
                   created_at timestamptz, department_id integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    WITH g AS MATERIALIZED (
        SELECT DISTINCT vehicle_id, department_id FROM caller_spans() WHERE fence_ids <> '{}'
    ), o AS MATERIALIZED (
        SELECT t.*
        FROM unnest(feeds, ns, subs) AS c (id, n, sub)
        JOIN outbox AS t ON t.feed = c.id AND (t.n, t.id) > (c.n, c.sub)
        JOIN g ON g.vehicle_id = t.vehicle_id AND g.department_id = t.department_id
        WHERE EXISTS (SELECT FROM g) AND t.type LIKE ANY (types)
          AND (t.type LIKE 'milepost.fence.%' OR t.type LIKE ANY (ARRAY[
              'milepost.alert.acknowledged.%', 'milepost.alert.closed.%', 'milepost.alert.reopened.%',
              'milepost.alert.escalated.%']))
    )
    SELECT o.id, o.feed, o.n, o.type, o.event_id, o.revision, granted_body(o.body), o.created_at, o.department_id
    FROM o
    WHERE is_granted_event(string_to_array(current_setting('app.depts', true), ',')::integer[], o.event_id)
    ORDER BY o.id
    LIMIT most
$$;

CREATE VIEW seen_vehicle WITH (security_invoker) AS
SELECT id, department_id, application_id, ref, plate, name, vehicle_class, capabilities, moving_interval_s,
       stopped_interval_s, created_at, retired_at, heartbeat_s, max_speed_mps, NULL::text AS granted,
       NULL::text AS purpose, NULL::timestamptz AS granted_until
FROM vehicle
UNION ALL SELECT * FROM shared_vehicle;

CREATE VIEW seen_fix WITH (security_invoker) AS
SELECT fixed_at, received_at, geom, vehicle_id, device_id, department_id, altitude_m, speed_mps,
       course_deg, heading_deg, accuracy_m, hdop, satellites, mode, ignition, ais, implausible
FROM fix
UNION ALL SELECT * FROM shared_fix;

CREATE VIEW seen_latest WITH (security_invoker) AS
SELECT feed, n, vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat, altitude_m,
       speed_mps, course_deg, heading_deg, accuracy_m, ignition, inputs, ais, hdop
FROM latest
UNION ALL SELECT * FROM shared_latest;

CREATE VIEW seen_track_chunk WITH (security_invoker) AS
SELECT vehicle_id, started_at, ended_at, department_id, path, fixes, length_m, moving_s, idling_s,
       stopped_s, engine_s, max_speed_mps
FROM track_chunk
UNION ALL SELECT * FROM shared_track_chunk;

CREATE VIEW seen_event WITH (security_invoker) AS
SELECT id, department_id, vehicle_id, fence_id, fence_version, kind, at, time, not_before, not_after,
       interpolated, gap, late, cause, status, amends, revision, created_at, rule_id, max_kmh, length_s,
       ended_at, lowest, highest, other_vehicle_id, distance_m, shadow
FROM event
UNION ALL SELECT * FROM shared_event;

CREATE VIEW seen_alert WITH (security_invoker) AS
SELECT feed, n, id, department_id, rule_id, event_id, vehicle_id, fence_id, severity, state, opened_at,
       acknowledged_at, acknowledged_by, note, closed_at, closed_by, close_reason, waits_since,
       assigned_to, snoozed_until, escalated_at, suppressed, last_event_at, revision, ends_at, shadow,
       rule_version
FROM alert
UNION ALL SELECT * FROM shared_alert;

CREATE VIEW seen_fence WITH (security_invoker) AS
SELECT id, department_id, ref, name, kind FROM fence
UNION ALL SELECT * FROM shared_fence;

CREATE VIEW seen_rule WITH (security_invoker) AS
SELECT id, department_id, ref, name FROM rule
UNION ALL SELECT * FROM shared_rule;

-- Whoever watches learns of it at once.
CREATE OR REPLACE FUNCTION grants_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NOTIFY live;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER grants_changed AFTER INSERT OR UPDATE OR DELETE ON location_grant
    FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();

-- Where the vehicle of a share link is, and that somebody looked; no row for a link that is unknown,
-- expired or revoked, nor for one whose vehicle is not its department's any more.
CREATE OR REPLACE FUNCTION follow_share(token_hash bytea)
    RETURNS TABLE (share_id uuid, department_id integer, vehicle_id integer, department text, department_name jsonb, vehicle_class text, lon float8, lat float8,
                   fixed_at timestamptz, speed_mps real, direction_deg real, ignition boolean,
                   expires_at timestamptz, now timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE share_link AS s SET uses = s.uses + 1, used_at = milepost_now()
        FROM vehicle AS v
        WHERE s.hash = token_hash AND s.revoked_at IS NULL AND s.expires_at > milepost_now()
          AND v.id = s.vehicle_id AND v.department_id = s.department_id AND v.retired_at IS NULL
        RETURNING s.id, s.vehicle_id, s.department_id, s.expires_at, v.vehicle_class
    )
    SELECT u.id, u.department_id, u.vehicle_id, d.ref, d.name, u.vehicle_class, l.lon, l.lat, l.fixed_at, l.speed_mps,
           coalesce(l.heading_deg, l.course_deg), l.ignition, u.expires_at, milepost_now()
    FROM used AS u
    JOIN department AS d ON d.id = u.department_id
    LEFT JOIN latest AS l
      ON l.vehicle_id = u.vehicle_id AND l.department_id = u.department_id
     AND NOT EXISTS (
         SELECT FROM private_interval AS p
         WHERE p.vehicle_id = u.vehicle_id AND p.starts_at <= now() AND p.ends_at > now()
     )
$$;

-- Rights. Whoever owns the views reads all; the API reads the views, and its own side of grants.
GRANT CREATE, USAGE ON SCHEMA public TO milepost_grants;
GRANT SELECT ON location_grant, installation, vehicle, vehicle_group, vehicle_group_member, fix, latest,
    private_interval, track_chunk, fence, fence_version, event, alert, rule, outbox TO milepost_grants;
DO $$
DECLARE
    t text;
    scoped constant text := '= any((SELECT string_to_array(current_setting(''app.depts'', true), '','')::int[])::int[])';
BEGIN
    FOREACH t IN ARRAY ARRAY['location_grant', 'installation', 'vehicle', 'vehicle_group', 'vehicle_group_member',
                             'private_interval', 'fix', 'latest', 'track_chunk', 'fence', 'fence_version', 'event', 'alert', 'rule', 'outbox'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS sharing ON %I', t);
        EXECUTE format('CREATE POLICY sharing ON %I FOR SELECT TO milepost_grants USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['shared_vehicle', 'shared_fix', 'shared_latest', 'shared_track_chunk', 'shared_event',
                             'shared_alert', 'shared_fence', 'shared_rule', 'shared_presence'] LOOP
        EXECUTE format('ALTER VIEW %I OWNER TO milepost_grants', t);
        EXECUTE format('GRANT SELECT ON %I TO milepost_api, milepost_owner', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['grant_spans(integer[])', 'caller_spans()', 'is_granted_event(integer[], uuid)',
                             'granted_tellings(integer[], bigint[], bigint[], text[], integer)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', t);
        EXECUTE format('ALTER FUNCTION %s OWNER TO milepost_grants', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['vehicle', 'fix', 'latest', 'track_chunk', 'event', 'alert', 'fence', 'rule'] LOOP
        EXECUTE format('GRANT SELECT ON %I TO milepost_api', 'seen_' || t);
    END LOOP;

    -- The owner of what is granted, and whom it is granted to, both see the grant; both may ask; only
    -- the owner says yes, or ends it.
    EXECUTE 'DROP POLICY IF EXISTS caller ON location_grant';
    EXECUTE format('CREATE POLICY caller ON location_grant FOR SELECT TO milepost_api '
                   'USING ((SELECT own_vehicles()) IS NULL AND (from_department_id %s OR to_department_id %s))',
                   scoped, scoped);
    EXECUTE 'DROP POLICY IF EXISTS caller_adds ON location_grant';
    EXECUTE format('CREATE POLICY caller_adds ON location_grant FOR INSERT TO milepost_api '
                   'WITH CHECK (from_department_id %s OR to_department_id %s)', scoped, scoped);
    EXECUTE 'DROP POLICY IF EXISTS caller_changes ON location_grant';
    EXECUTE format('CREATE POLICY caller_changes ON location_grant FOR UPDATE TO milepost_api '
                   'USING (from_department_id %s) WITH CHECK (from_department_id %s)', scoped, scoped);
END
$$;
ALTER VIEW private_now OWNER TO milepost_grants;
REVOKE CREATE ON SCHEMA public FROM milepost_grants;
GRANT EXECUTE ON FUNCTION caller_spans() TO milepost_api, milepost_owner;
GRANT EXECUTE ON FUNCTION is_granted_event(integer[], uuid), granted_body(jsonb) TO milepost_worker, milepost_owner;
GRANT EXECUTE ON FUNCTION granted_tellings(integer[], bigint[], bigint[], text[], integer) TO milepost_api, milepost_owner;
REVOKE EXECUTE ON FUNCTION follow_share(bytea), grants_changed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION follow_share(bytea) TO milepost_api;
GRANT SELECT ON location_grant TO milepost_api;
GRANT INSERT (from_department_id, to_department_id, level, vehicles, vehicle_groups, fences, area, hours,
    minutes, valid_from, valid_until, purpose, legal_basis, asked_by) ON location_grant TO milepost_api;
GRANT UPDATE (approved_by, approved_at, revoked_by, revoked_at, revoked_why, revision) ON location_grant
    TO milepost_api;
