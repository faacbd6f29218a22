-- Functions, rights and row security; run after each migration, so this file is their one truth.
-- Laws 4 and 8-12 of the database: forced row security everywhere, no scope = no rows.

-- The partition of `fix` for a day: daily since installation.daily_from, monthly before it.
-- LIKE + ATTACH, never PARTITION OF, which takes ACCESS EXCLUSIVE on fix. Asked of pg_class,
-- because to_regclass still says "missing" after the wait for the lock.
CREATE OR REPLACE FUNCTION ensure_fix_partition(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    daily boolean := day >= (SELECT daily_from FROM installation);
    starts date := CASE WHEN daily THEN day ELSE date_trunc('month', day)::date END;
    ends date := CASE WHEN daily THEN day + 1 ELSE (date_trunc('month', day) + interval '1 month')::date END;
    part text := 'fix_' || to_char(starts, CASE WHEN daily THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_fix_partition')::bigint);
    IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE fix INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE fix ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   part, starts || ' 00:00:00+00', ends || ' 00:00:00+00');
END
$$;

-- Ingest compares the version in each commit, so that it never judges by an old registry.
CREATE OR REPLACE FUNCTION registry_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE installation SET registry_version = registry_version + 1;
    NOTIFY registry;
    RETURN NULL;
END
$$;

-- What callers are, sign-in and sessions stand in callers.sql.

-- The vehicles of the contractors whose scope this is; NULL in the scope of anybody else.
CREATE OR REPLACE FUNCTION own_vehicles() RETURNS integer[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN coalesce(current_setting('app.contractors', true), '') <> '' THEN (
        SELECT coalesce(array_agg(v.id), '{}') FROM vehicle AS v
        WHERE v.contractor_id = any(string_to_array(current_setting('app.contractors', true), ',')::int[])
    ) END
$$;
REVOKE EXECUTE ON FUNCTION own_vehicles() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_vehicles() TO milepost_api;

-- Whose past the worker has yet to go over again, and from when on: of the caller's departments only,
-- for `past_change` says nothing of departments.
CREATE OR REPLACE FUNCTION changed_pasts() RETURNS TABLE (vehicle_id integer, from_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.vehicle_id, min(p.from_at)
    FROM past_change AS p
    JOIN vehicle AS v ON v.id = p.vehicle_id
    WHERE session_user <> 'milepost_api'
       OR (v.department_id = any(string_to_array(current_setting('app.depts', true), ',')::int[])
           AND (own_vehicles() IS NULL OR v.id = any(own_vehicles())))
    GROUP BY p.vehicle_id
$$;

-- The one thing that a caller writes about a vehicle: what it is doing. Only of departments in scope. Its
-- number in the live feed comes first (law 3), and who watches is woken.
CREATE OR REPLACE FUNCTION set_duty(department_ref text, vehicle_ref text, new_status text, at timestamptz, caller text)
    RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    edit constant bigint := next_edit();
    set_since timestamptz;
BEGIN
    INSERT INTO duty_status AS d (vehicle_id, department_id, since, status, set_by, feed, n)
    SELECT v.id, v.department_id, coalesce(at, milepost_now()), new_status, caller, 0, edit
    FROM vehicle AS v JOIN department AS p ON p.id = v.department_id
    WHERE p.ref = department_ref AND v.ref = vehicle_ref AND v.retired_at IS NULL
      AND p.id = any((SELECT string_to_array(current_setting('app.depts', true), ',')::int[])::int[])
      AND own_vehicles() IS NULL
    ON CONFLICT (vehicle_id, since) DO UPDATE
        SET status = excluded.status, set_by = excluded.set_by, feed = excluded.feed, n = excluded.n
    RETURNING d.since INTO set_since;
    NOTIFY live;
    RETURN set_since;
END
$$;

REVOKE EXECUTE ON FUNCTION set_duty(text, text, text, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_duty(text, text, text, timestamptz, text) TO milepost_api;
REVOKE EXECUTE ON FUNCTION ensure_fix_partition(date), registry_changed(), changed_pasts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changed_pasts() TO milepost_api;

-- An edit's number in the live feed (law 3): feed 0 has no shard, and all who edit share it. Its lock
-- lasts until the commit, so edits appear in the order of their numbers.
CREATE OR REPLACE FUNCTION next_edit() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE feed SET n = n + 1 WHERE id = 0 RETURNING n
$$;

-- What is told of events, as they stand now, in full refs: the one truth of the outbox's bodies. Under
-- the rights and in the scope of whoever asks. `alerts`: those that the event itself stands for; `change`:
-- for what is done to one of them. Nothing is told of what rules on trial made.
CREATE OR REPLACE FUNCTION telling(event_ids uuid[])
    RETURNS TABLE (department_id integer, vehicle_id integer, type text, event_id uuid,
                   revision integer, at timestamptz, body jsonb)
    LANGUAGE sql STABLE AS $$
    -- Most events have neither: they are looked for once, and not for each.
    WITH a AS MATERIALIZED (
        SELECT a.event_id, jsonb_agg(jsonb_build_object(
            'id', a.id, 'rule', p.ref || '/' || r.ref, 'rule_name', r.name, 'severity', a.severity,
            'state', a.state, 'close_reason', a.close_reason, 'opened_at', a.opened_at,
            'acknowledged_at', a.acknowledged_at, 'escalated_at', a.escalated_at,
            'assigned_to', a.assigned_to, 'snoozed_until', a.snoozed_until, 'suppressed', a.suppressed
        ) ORDER BY r.ref) AS alerts
        FROM alert AS a
        JOIN rule AS r ON r.id = a.rule_id
        JOIN department AS p ON p.id = a.department_id
        WHERE a.event_id = any(event_ids) AND NOT a.shadow
        GROUP BY a.event_id
    ), j AS MATERIALIZED (
        SELECT k.event_id, jsonb_agg(k.alert_id) AS joined
        FROM alert_event AS k JOIN alert AS a ON a.id = k.alert_id
        WHERE k.event_id = any(event_ids) AND NOT a.shadow
        GROUP BY k.event_id
    )
    SELECT e.department_id, e.vehicle_id,
           CASE WHEN e.kind IN ('silent', 'duress', 'sensor', 'proximity') THEN 'milepost.vehicle.'
                ELSE 'milepost.fence.' END || e.kind || '.v1', e.id, e.revision, e.at,
           jsonb_build_object(
               'event', e.id, 'revision', e.revision,
               'vehicle', p.ref || '/' || v.ref, 'vehicle_name', v.name,
               'fence', p.ref || '/' || f.ref, 'fence_name', f.name,
               'fence_version', e.fence_version, 'kind', e.kind, 'time', e.time,
               'not_before', e.not_before, 'not_after', e.not_after, 'interpolated', e.interpolated,
               'gap', e.gap, 'late', e.late, 'cause', e.cause, 'status', e.status, 'amends', e.amends,
               'max_kmh', e.max_kmh, 'length_s', e.length_s, 'ended_at', e.ended_at,
               'lowest', e.lowest, 'highest', e.highest, 'other', p.ref || '/' || o.ref,
               'other_name', o.name, 'distance_m', e.distance_m, 'sensor', s.sensor,
               'alerts', coalesce(a.alerts, '[]'), 'joined', coalesce(j.joined, '[]'), 'change', NULL
           )
    FROM unnest(event_ids) AS i (id)
    -- By its key, also where a plan was made while the table was empty (OFFSET: not joined otherwise).
    CROSS JOIN LATERAL (SELECT * FROM event WHERE id = i.id OFFSET 0) AS e
    JOIN vehicle AS v ON v.id = e.vehicle_id
    LEFT JOIN fence AS f ON f.id = e.fence_id
    LEFT JOIN vehicle AS o ON o.id = e.other_vehicle_id
    LEFT JOIN rule AS s ON s.id = e.rule_id
    JOIN department AS p ON p.id = e.department_id
    LEFT JOIN a ON a.event_id = e.id
    LEFT JOIN j ON j.event_id = e.id
    WHERE NOT e.shadow
$$;

-- Who reads a department's telling at the broker, with the hash of the password; no other secret.
CREATE OR REPLACE FUNCTION topic_readers() RETURNS TABLE (department text, ref text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.ref, s.ref, s.secret
    FROM subscription AS s JOIN department AS p ON p.id = s.department_id
    WHERE s.kind = 'mqtt' AND s.secret IS NOT NULL AND s.disabled_at IS NULL
    ORDER BY 1, 2
$$;

-- The API may write a subscription's secret and never read one: so the old one is kept here.
CREATE OR REPLACE FUNCTION rotate_secret(subscription_id integer, new_secret text, old_until timestamptz)
    RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE subscription SET old_secret = secret, secret = new_secret, old_secret_until = old_until
    WHERE id = subscription_id AND (secret IS NOT NULL OR kind = 'mqtt')
      AND department_id = any(string_to_array(current_setting('app.depts', true), ',')::int[])
      AND own_vehicles() IS NULL
    RETURNING true
$$;

REVOKE EXECUTE ON FUNCTION ensure_fix_partition(date), registry_changed(), next_edit(), telling(uuid[]),
    rotate_secret(integer, text, timestamptz), topic_readers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION topic_readers() TO milepost_ingest;
GRANT EXECUTE ON FUNCTION next_edit() TO milepost_api, milepost_worker;
GRANT EXECUTE ON FUNCTION rotate_secret(integer, text, timestamptz) TO milepost_api;
GRANT EXECUTE ON FUNCTION telling(uuid[]) TO milepost_api, milepost_ingest, milepost_worker;
GRANT EXECUTE ON FUNCTION ensure_fix_partition(date) TO milepost_ingest;

-- A fence that is shared is followed by one of the other department, whose versions are those of the
-- first as long as it is shared: so it is watched, shown and kept there as any other. Run after each
-- change of the first, or of its shares; run twice it changes nothing.
CREATE OR REPLACE FUNCTION follow_shares(shared integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s fence_share;
BEGIN
    FOR s IN
        SELECT * FROM fence_share AS t
        WHERE t.fence_id = shared
          AND (session_user <> 'milepost_api'
               OR ARRAY[t.department_id, t.to_department_id]
                  && string_to_array(current_setting('app.depts', true), ',')::int[])
        ORDER BY t.id
    LOOP
        UPDATE fence AS f
        SET name = o.name, description = o.description, kind = o.kind, revision = f.revision + 1
        FROM fence AS o
        WHERE o.id = shared AND f.id = s.follower_id;
        UPDATE fence_version AS v SET in_force = o.in_force * s.during
        FROM fence_version AS o
        WHERE v.share_id = s.id AND o.fence_id = shared AND o.version = v.source_version
          AND v.in_force <> o.in_force * s.during;
        INSERT INTO fence_version (fence_id, version, department_id, geom, definition, in_force,
                                   made_by, share_id, source_version)
        SELECT s.follower_id,
               (SELECT coalesce(max(version), 0) FROM fence_version WHERE fence_id = s.follower_id)
               + row_number() OVER (ORDER BY o.version),
               s.to_department_id, o.geom, o.definition, o.in_force * s.during, p.ref, s.id, o.version
        FROM fence_version AS o
        JOIN department AS p ON p.id = o.department_id
        WHERE o.fence_id = shared AND NOT isempty(o.in_force * s.during)
          AND NOT EXISTS (SELECT FROM fence_version AS v
                          WHERE v.share_id = s.id AND v.source_version = o.version);
    END LOOP;
END
$$;

-- Shares a fence with a department, by its ref; NULL where there is no such fence in the caller's
-- scope, or no such department. The follower's name there is `FSD.depot`, or the next that is free.
CREATE OR REPLACE FUNCTION share_fence(shared integer, to_ref text, span tstzrange, who text, reason text)
    RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    f fence;
    owner_ref text;
    to_id integer := (SELECT id FROM department WHERE ref = to_ref);
    free_ref text;
    follower integer;
    made integer;
BEGIN
    SELECT * INTO f FROM fence
    WHERE id = shared
      AND (session_user <> 'milepost_api'
           OR department_id = any(string_to_array(current_setting('app.depts', true), ',')::int[]));
    IF f.id IS NULL OR to_id IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT ref INTO owner_ref FROM department WHERE id = f.department_id;
    SELECT id INTO follower FROM fence
    WHERE department_id = to_id AND shared_from = owner_ref || '/' || f.ref;
    IF follower IS NULL THEN
        SELECT left(owner_ref || '.' || f.ref, 60) || CASE WHEN k = 0 THEN '' ELSE '.' || k END
        INTO free_ref
        FROM generate_series(0, 999) AS k
        WHERE NOT EXISTS (
            SELECT FROM fence
            WHERE department_id = to_id
              AND ref = left(owner_ref || '.' || f.ref, 60) || CASE WHEN k = 0 THEN '' ELSE '.' || k END)
        ORDER BY k LIMIT 1;
        INSERT INTO fence (department_id, ref, name, kind, description, shared_from)
        VALUES (to_id, free_ref, f.name, f.kind, f.description, owner_ref || '/' || f.ref)
        RETURNING id INTO follower;
    END IF;
    INSERT INTO fence_share (department_id, fence_id, to_department_id, follower_id, during, made_by, why)
    VALUES (f.department_id, f.id, to_id, follower, span, who, reason)
    RETURNING id INTO made;
    PERFORM follow_shares(shared);
    RETURN made;
END
$$;

-- Ends a share; either side may.
CREATE OR REPLACE FUNCTION end_share(share integer, ends timestamptz, who text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of_fence integer;
BEGIN
    UPDATE fence_share AS s
    SET during = s.during * tstzrange(NULL, ends), ended_by = who, ended_why = reason
    WHERE s.id = share
      AND (session_user <> 'milepost_api'
           OR ARRAY[s.department_id, s.to_department_id]
              && string_to_array(current_setting('app.depts', true), ',')::int[])
    RETURNING s.fence_id INTO of_fence;
    PERFORM follow_shares(of_fence);
END
$$;

REVOKE EXECUTE ON FUNCTION follow_shares(integer), share_fence(integer, text, tstzrange, text, text),
    end_share(integer, timestamptz, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION follow_shares(integer), share_fence(integer, text, tstzrange, text, text),
    end_share(integer, timestamptz, text, text) TO milepost_api;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO milepost_api, milepost_ingest, milepost_worker;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM milepost_api, milepost_ingest, milepost_worker;

GRANT SELECT ON department, cluster, application, vehicle, duty_status, fix, latest, fence,
    fence_version, rule, event, alert, receipt, reject, reject_day, device_assignment, device_state,
    device_notice, private_interval, presence, legal_hold,
    vehicle_group, fence_group, vehicle_group_member, fence_group_member, fence_scope,
    installation, feed, ingest_health, worker_job,
    track_chunk, trip, stop, gap, vehicle_day, odometer, checkpoint, past_work TO milepost_api;
GRANT SELECT (vehicle_id, department_id, worked_to, worked_at) ON motion_cursor TO milepost_api;
-- Without password_hash, which no caller ever needs.
GRANT SELECT (id, department_id, ref, accept_from, rollover, mmsi, created_at, retired_at, revision) ON device
    TO milepost_api;
-- The registry is managed through the API: refs and owners are never edited, and nothing is deleted but
-- what is planned for a device that is retired before.
GRANT SELECT ON contractor TO milepost_api;
GRANT INSERT ON department, contractor, vehicle, device, device_assignment, duty_status TO milepost_api;
GRANT UPDATE (name, revision) ON department, contractor TO milepost_api;
GRANT UPDATE (name, plate, vehicle_class, capabilities, application_id, contractor_id, moving_interval_s,
    stopped_interval_s, heartbeat_s, max_speed_mps, retired_at, revision) ON vehicle TO milepost_api;
GRANT UPDATE (accept_from, rollover, mmsi, password_hash, retired_at, revision) ON device TO milepost_api;
GRANT UPDATE (during) ON device_assignment TO milepost_api;
GRANT DELETE ON device_assignment TO milepost_api;
GRANT UPDATE (replay_asked_at) ON reject TO milepost_api;

GRANT SELECT ON department, application, vehicle, device, device_assignment, fence, fence_version,
    rule, installation, private_interval, legal_hold, vehicle_group, fence_group, vehicle_group_member,
    fence_group_member, fence_scope TO milepost_ingest;
GRANT UPDATE (applied_at) ON private_interval TO milepost_ingest;
GRANT SELECT, INSERT ON presence TO milepost_ingest;
GRANT SELECT, INSERT ON fix TO milepost_ingest;
GRANT UPDATE (implausible) ON fix TO milepost_ingest;
GRANT SELECT, UPDATE ON feed TO milepost_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_worker TO milepost_ingest;
GRANT SELECT, INSERT, UPDATE ON latest, fence_state, event, alert, receipt, reject_day,
    device_state, device_notice, ingest_health TO milepost_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON checkpoint, past_work TO milepost_ingest;
GRANT SELECT, INSERT ON reject, outbox TO milepost_ingest;
GRANT UPDATE (replay_asked_at, replayed_at) ON reject TO milepost_ingest;
GRANT INSERT ON past_change, duty_status TO milepost_ingest;
GRANT SELECT, DELETE ON import_part TO milepost_ingest;

GRANT SELECT, UPDATE ON outbox TO milepost_worker;
GRANT SELECT ON retention_run TO milepost_worker;
GRANT SELECT ON department, application, vehicle, device_assignment, duty_status, fix, latest,
    installation TO milepost_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON track_chunk, trip, stop, gap, vehicle_day, odometer,
    motion_cursor, motion_checkpoint, past_change, worker_job TO milepost_worker;
-- Alerts are changed by people through the API and by the worker; only what a change changes, and
-- rows of `alert_change` are only added.
GRANT SELECT ON alert_change, alert_event, delivery, outbox TO milepost_api;
GRANT UPDATE (state, acknowledged_at, acknowledged_by, note, closed_at, closed_by, close_reason,
    waits_since, ends_at, assigned_to, snoozed_until, escalated_at, revision, feed, n) ON alert
    TO milepost_api, milepost_worker;
GRANT UPDATE (revision) ON event TO milepost_api, milepost_worker;
GRANT INSERT ON alert_change, outbox TO milepost_api, milepost_worker;
GRANT SELECT, INSERT ON alert_change, alert_event TO milepost_ingest;
GRANT SELECT ON subscription, location_grant TO milepost_worker;
GRANT UPDATE (disabled_at, disabled_reason) ON subscription TO milepost_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery TO milepost_worker;
GRANT SELECT, UPDATE, DELETE ON outbox TO milepost_worker;
GRANT SELECT ON department, vehicle, fence, fence_version, rule, event, alert, alert_change, alert_event,
    installation TO milepost_worker;
-- The API writes secrets and never reads them.
GRANT SELECT (id, department_id, ref, kind, target, types, severities, rules, vehicles, old_secret_until,
    created_at, disabled_at, disabled_reason, revision) ON subscription TO milepost_api;
GRANT INSERT ON subscription, delivery TO milepost_api;
GRANT UPDATE (target, types, severities, rules, vehicles, disabled_at, disabled_reason, revision) ON subscription
    TO milepost_api;
GRANT UPDATE (state, attempts, next_at, waits_since, done_at) ON delivery TO milepost_api;
-- A backtest is asked for and cancelled by callers, and answered by the worker.
GRANT SELECT ON backtest TO milepost_api;
GRANT INSERT (department_id, asked_by, question) ON backtest TO milepost_api;
GRANT UPDATE (state, ended_at) ON backtest TO milepost_api;
GRANT SELECT, UPDATE, DELETE ON backtest TO milepost_worker;
-- With a private time that is declared late go the answers that may tell of it.
GRANT SELECT, DELETE ON backtest TO milepost_ingest;

-- Without the hash of its token, which no caller ever needs.
GRANT SELECT (id, department_id, vehicle_id, purpose, created_by, created_at, expires_at, revoked_by,
    revoked_at, uses, used_at) ON share_link TO milepost_api;
GRANT INSERT ON share_link TO milepost_api;
GRANT UPDATE (revoked_by, revoked_at) ON share_link TO milepost_api;

-- Fences, groups, scopes and rules are managed through the API: what is never edited (refs, owners, the
-- shape of a version) cannot be updated, and nothing is deleted.
GRANT INSERT ON fence, fence_version, vehicle_group, fence_group, vehicle_group_member,
    fence_group_member, fence_scope, rule, rule_version, once TO milepost_api;
GRANT UPDATE (name, description, kind, revision, managed_by) ON fence TO milepost_api;
GRANT UPDATE (in_force, ended_by, ended_why) ON fence_version TO milepost_api;
GRANT UPDATE (name, revision, ended_at) ON vehicle_group, fence_group TO milepost_api;
GRANT UPDATE (during) ON vehicle_group_member, fence_group_member, fence_scope TO milepost_api;
GRANT SELECT ON fence_share, rule_version, once TO milepost_api;
GRANT UPDATE (answer) ON once TO milepost_api;
GRANT DELETE ON once TO milepost_api;
GRANT UPDATE ON rule TO milepost_api;

-- Policies: the owner sees all (FORCE binds it too), ingest and worker what they were granted,
-- the API the departments of its scope.
DO $$
DECLARE
    t text;
    own text;
    scoped constant text := '= any((SELECT string_to_array(current_setting(''app.depts'', true), '','')::int[])::int[])';
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND c.relname NOT IN ('spatial_ref_sys', 'alembic_version')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('DROP POLICY IF EXISTS owner ON %I', t);
        EXECUTE format('CREATE POLICY owner ON %I TO milepost_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('DROP POLICY IF EXISTS service ON %I', t);
        EXECUTE format('CREATE POLICY service ON %I TO milepost_ingest, milepost_worker USING (true) WITH CHECK (true)', t);
        EXECUTE format('DROP POLICY IF EXISTS caller ON %I', t);
        IF t IN ('department', 'cluster', 'application', 'installation', 'feed', 'ingest_health',
                 'worker_job') THEN
            EXECUTE format('CREATE POLICY caller ON %I FOR SELECT TO milepost_api USING (true)', t);
        ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid = t::regclass AND attname = 'department_id') THEN
            EXECUTE format('CREATE POLICY caller ON %I FOR SELECT TO milepost_api USING (department_id %s)', t, scoped);
        END IF;
    END LOOP;

    -- What rules on trial raise is nobody's business but of those who ask for just that: see
    -- tracker/reads/trials.py.
    FOREACH t IN ARRAY ARRAY['event', 'alert'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS shadow ON %I', t);
        EXECUTE format('CREATE POLICY shadow ON %I AS RESTRICTIVE TO milepost_api USING '
                       '(NOT shadow OR current_setting(''app.shadow'', true) = ''on'')', t);
    END LOOP;

    -- A contractor sees what is of their own vehicles, and of the rest only what an answer about those
    -- needs: a table that says nothing of vehicles shows nothing. IS NOT NULL, because the planner takes
    -- that for nearly all rows, as it is for everybody else; a CASE alone for half, an OR for almost none.
    FOR t IN
        SELECT p.tablename FROM pg_policies AS p
        WHERE p.schemaname = 'public' AND p.policyname = 'caller' AND p.tablename NOT IN
            ('department', 'cluster', 'application', 'installation', 'feed', 'ingest_health', 'worker_job',
             'fence', 'fence_version', 'rule')
    LOOP
        own := CASE
            WHEN t = 'vehicle' THEN 'id = any((SELECT own_vehicles())::int[])'
            WHEN t = 'device' THEN 'EXISTS (SELECT FROM device_assignment AS a WHERE a.device_id = device.id)'
            WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = t::regclass AND attname = 'vehicle_id')
                THEN 'vehicle_id = any((SELECT own_vehicles())::int[])'
            WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = t::regclass AND attname = 'alert_id')
                THEN format('EXISTS (SELECT FROM alert AS a WHERE a.id = %I.alert_id)', t)
            ELSE 'false'
        END;
        EXECUTE format('DROP POLICY IF EXISTS contractor ON %I', t);
        EXECUTE format('CREATE POLICY contractor ON %I AS RESTRICTIVE TO milepost_api USING ((CASE WHEN '
                       '(SELECT coalesce(current_setting(''app.contractors'', true), '''') = '''') THEN 1 '
                       'WHEN %s THEN 1 END) IS NOT NULL)', t, own);
    END LOOP;

    -- Where the API may write, it is within its scope; which columns, the grants above say.
    FOREACH t IN ARRAY ARRAY['alert', 'event', 'subscription', 'delivery', 'fence', 'fence_version', 'vehicle_group',
                             'fence_group', 'vehicle_group_member', 'fence_group_member', 'fence_scope',
                             'rule', 'once', 'share_link', 'backtest', 'contractor', 'vehicle', 'device',
                             'device_assignment', 'reject'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS caller_changes ON %I', t);
        EXECUTE format('CREATE POLICY caller_changes ON %I FOR UPDATE TO milepost_api '
                       'USING (department_id %s) WITH CHECK (department_id %s)', t, scoped, scoped);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['alert_change', 'outbox', 'subscription', 'delivery', 'fence', 'fence_version',
                             'vehicle_group', 'fence_group', 'vehicle_group_member', 'fence_group_member',
                             'fence_scope', 'rule', 'rule_version', 'once', 'share_link', 'backtest', 'contractor',
                             'vehicle', 'device', 'device_assignment', 'duty_status'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS caller_adds ON %I', t);
        EXECUTE format('CREATE POLICY caller_adds ON %I FOR INSERT TO milepost_api '
                       'WITH CHECK (department_id %s)', t, scoped);
    END LOOP;

    FOREACH t IN ARRAY ARRAY['once', 'device_assignment'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS caller_forgets ON %I', t);
        EXECUTE format('CREATE POLICY caller_forgets ON %I FOR DELETE TO milepost_api '
                       'USING (department_id %s)', t, scoped);
    END LOOP;
    -- Departments are made and named by whoever has all of them in scope, who alone sees what was refused
    -- of nobody's devices.
    DROP POLICY IF EXISTS caller_changes ON department;
    CREATE POLICY caller_changes ON department FOR UPDATE TO milepost_api
        USING ((SELECT whole_government())) WITH CHECK ((SELECT whole_government()));
    DROP POLICY IF EXISTS caller_adds ON department;
    CREATE POLICY caller_adds ON department FOR INSERT TO milepost_api
        WITH CHECK ((SELECT whole_government()));
    DROP POLICY IF EXISTS stranger ON reject;
    CREATE POLICY stranger ON reject FOR SELECT TO milepost_api
        USING (department_id IS NULL AND (SELECT whole_government()));
    DROP POLICY IF EXISTS stranger_changes ON reject;
    CREATE POLICY stranger_changes ON reject FOR UPDATE TO milepost_api
        USING (department_id IS NULL AND (SELECT whole_government()));
    -- A share is seen by both sides.
    DROP POLICY IF EXISTS receiver ON fence_share;
    EXECUTE format('CREATE POLICY receiver ON fence_share FOR SELECT TO milepost_api '
                   'USING (to_department_id %s)', scoped);

    FOREACH t IN ARRAY ARRAY['department', 'vehicle', 'device', 'device_assignment', 'fence', 'fence_version', 'rule',
                             'vehicle_group_member', 'fence_group_member', 'fence_scope'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION registry_changed()', t);
    END LOOP;
    -- Readers of topics are accounts at the broker.
    CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON subscription
        FOR EACH STATEMENT EXECUTE FUNCTION registry_changed();
    -- Windows of rules are meant by them.
    CREATE OR REPLACE TRIGGER calendar_changed AFTER UPDATE OF holidays, time_zone ON installation
        FOR EACH STATEMENT EXECUTE FUNCTION registry_changed();
END
$$;
