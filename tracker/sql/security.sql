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

-- Who calls: the only read that works before a scope is known.
CREATE OR REPLACE FUNCTION caller_of(token_hash bytea)
    RETURNS TABLE (label text, platform boolean, department_ids integer[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.label, t.platform,
           CASE WHEN t.platform THEN (SELECT coalesce(array_agg(d.id ORDER BY d.id), '{}') FROM department AS d)
                ELSE t.department_ids END
    FROM api_token AS t
    WHERE t.hash = token_hash AND t.revoked_at IS NULL AND t.expires_at > milepost_now()
$$;

-- The demonstration's sign-in page: a token of a few hours for a department, or for the platform office.
CREATE OR REPLACE FUNCTION demo_sign_in(token_hash bytea, token_prefix text, department_ref text)
    RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO api_token (hash, prefix, label, platform, department_ids, expires_at)
    SELECT token_hash, token_prefix, 'demo sign-in', department_ref = '*',
           CASE WHEN department_ref = '*' THEN '{}'::int[]
                ELSE (SELECT array_agg(d.id) FROM department AS d WHERE d.ref = department_ref) END,
           milepost_now() + interval '12 hours'
    WHERE (SELECT demo FROM installation)
      AND (department_ref = '*' OR EXISTS (SELECT FROM department AS d WHERE d.ref = department_ref))
    RETURNING true
$$;

-- Signing out ends what signing in made. A token that was pasted in is its holder's: it lives on.
CREATE OR REPLACE FUNCTION end_session(token_hash bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE api_token SET revoked_at = milepost_now()
    WHERE hash = token_hash AND revoked_at IS NULL AND label = 'demo sign-in'
$$;

-- The one thing that a caller writes about a vehicle: what it is doing. Only of departments in scope.
CREATE OR REPLACE FUNCTION set_duty(department_ref text, vehicle_ref text, new_status text, at timestamptz, caller text)
    RETURNS timestamptz
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO duty_status AS d (vehicle_id, department_id, since, status, set_by)
    SELECT v.id, v.department_id, coalesce(at, milepost_now()), new_status, caller
    FROM vehicle AS v JOIN department AS p ON p.id = v.department_id
    WHERE p.ref = department_ref AND v.ref = vehicle_ref AND v.retired_at IS NULL
      AND p.id = any((SELECT string_to_array(current_setting('app.depts', true), ',')::int[])::int[])
    ON CONFLICT (vehicle_id, since) DO UPDATE SET status = excluded.status, set_by = excluded.set_by
    RETURNING d.since
$$;

REVOKE EXECUTE ON FUNCTION set_duty(text, text, text, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION set_duty(text, text, text, timestamptz, text) TO milepost_api;
REVOKE EXECUTE ON FUNCTION ensure_fix_partition(date), registry_changed(), caller_of(bytea),
    demo_sign_in(bytea, text, text), end_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_fix_partition(date) TO milepost_ingest;
GRANT EXECUTE ON FUNCTION caller_of(bytea), demo_sign_in(bytea, text, text), end_session(bytea)
    TO milepost_api;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO milepost_api, milepost_ingest, milepost_worker;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM milepost_api, milepost_ingest, milepost_worker;

GRANT SELECT ON department, cluster, application, vehicle, duty_status, fix, latest, fence,
    fence_version, rule, event, alert, receipt, reject, reject_day, device_assignment, device_state,
    device_notice, private_interval, presence, legal_hold,
    installation, feed, ingest_health, worker_job,
    track_chunk, trip, stop, gap, vehicle_day, odometer TO milepost_api;
GRANT SELECT (vehicle_id, department_id, worked_to, worked_at) ON motion_cursor TO milepost_api;
-- Without password_hash, which no caller ever needs.
GRANT SELECT (id, department_id, ref, accept_from, rollover, mmsi, created_at, retired_at) ON device
    TO milepost_api;

GRANT SELECT ON department, application, vehicle, device, device_assignment, fence, fence_version,
    rule, installation, private_interval, legal_hold TO milepost_ingest;
GRANT UPDATE (applied_at) ON private_interval TO milepost_ingest;
GRANT SELECT, INSERT ON presence TO milepost_ingest;
GRANT SELECT, INSERT ON fix TO milepost_ingest;
GRANT UPDATE (implausible) ON fix TO milepost_ingest;
GRANT SELECT, UPDATE ON feed TO milepost_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_worker TO milepost_ingest;
GRANT SELECT, INSERT, UPDATE ON latest, fence_state, event, alert, receipt, reject_day,
    device_state, device_notice, ingest_health TO milepost_ingest;
GRANT SELECT, INSERT ON reject, outbox TO milepost_ingest;
GRANT UPDATE (replay_asked_at, replayed_at) ON reject TO milepost_ingest;
GRANT INSERT ON past_change, duty_status TO milepost_ingest;

GRANT SELECT, UPDATE ON outbox TO milepost_worker;
GRANT SELECT ON retention_run TO milepost_worker;
GRANT SELECT ON department, application, vehicle, device_assignment, duty_status, fix, latest,
    installation TO milepost_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON track_chunk, trip, stop, gap, vehicle_day, odometer,
    motion_cursor, motion_checkpoint, past_change, worker_job TO milepost_worker;

-- Policies: the owner sees all (FORCE binds it too), ingest and worker what they were granted,
-- the API the departments of its scope.
DO $$
DECLARE
    t text;
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

    FOREACH t IN ARRAY ARRAY['department', 'vehicle', 'device', 'device_assignment', 'fence', 'fence_version', 'rule'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION registry_changed()', t);
    END LOOP;
END
$$;
