-- Who looked at what, who changed what, and how much each may ask; run behind sharing.sql, so this file is
-- their one truth.

-- A row as canonical JSON (RFC 8785): names in order, no spaces; PostgreSQL escapes texts as it
-- asks for.
CREATE OR REPLACE FUNCTION audit_canonical(a audit) RETURNS text
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT '{"address":' || coalesce(to_json(a.address)::text, 'null')
        || ',"at":' || to_json(to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text
        || ',"day":' || to_json(to_char(a.day, 'YYYY-MM-DD'))::text
        || ',"department_ids":' || array_to_json(a.department_ids)::text
        || ',"detail":' || coalesce(to_json(a.detail)::text, 'null')
        || ',"label":' || to_json(a.label)::text
        || ',"n":' || a.n::text
        || ',"path":' || coalesce(to_json(a.path)::text, 'null')
        || ',"purpose":' || coalesce(to_json(a.purpose)::text, 'null')
        || ',"scope":' || coalesce(to_json(a.scope)::text, 'null')
        || ',"since":' || coalesce(to_json(to_char(a.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null')
        || ',"trace_id":' || coalesce(to_json(a.trace_id)::text, 'null')
        || ',"until":' || coalesce(to_json(to_char(a.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null')
        || ',"vehicle_ids":' || array_to_json(a.vehicle_ids)::text
        || ',"what":' || to_json(a.what)::text
        || ',"who":' || to_json(a.who)::text || '}'
$$;

-- Puts entries at the end of the chain, in their order; tells for how long its day goes on. The lock
-- lasts until the commit, so whoever calls this has nothing else to do before it.
CREATE OR REPLACE FUNCTION audit_append(entries jsonb) RETURNS double precision
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    zone constant text := (SELECT time_zone FROM installation);
    row audit%ROWTYPE;
    last audit%ROWTYPE;
    definition jsonb;
    entry jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(7266);
    SELECT * INTO last FROM audit ORDER BY day DESC, n DESC LIMIT 1;
    FOR entry IN SELECT * FROM jsonb_array_elements(entries) LOOP
        row := jsonb_populate_record(NULL::audit, entry);
        row.at := milepost_now();
        -- A clock that is set back opens no day again.
        row.day := greatest((row.at AT TIME ZONE zone)::date, last.day);
        row.n := CASE WHEN row.day = last.day THEN last.n + 1 ELSE 1 END;
        row.department_ids := coalesce(row.department_ids, '{}');
        row.vehicle_ids := coalesce(row.vehicle_ids, '{}');
        row.previous := coalesce(last.hash, ''::bytea);
        row.hash := sha256(row.previous || convert_to(audit_canonical(row), 'UTF8'));
        definition := entry -> 'definition';
        IF jsonb_typeof(definition) = 'object' THEN
            INSERT INTO audit_scope (hash, definition) VALUES (row.scope, definition) ON CONFLICT DO NOTHING;
        END IF;
        INSERT INTO audit SELECT row.*;
        last := row;
    END LOOP;
    RETURN extract(epoch FROM ((last.day + 1)::timestamp AT TIME ZONE zone) - milepost_now());
END
$$;

-- At the commit of a write, so that its transaction, however long, keeps nobody else from the chain.
CREATE OR REPLACE FUNCTION audit_note_written() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_append(jsonb_build_array(NEW.entry));
    DELETE FROM audit_note WHERE id = NEW.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME;
END
$$;

-- What people wrote: one row a statement. `app.who` tells who they are, in hexadecimal digits of JSON,
-- for SET LOCAL takes no parameters. What ingest and the worker write, no person did.
CREATE OR REPLACE FUNCTION audit_write() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said constant text := coalesce(current_setting('app.who', true), '');
    entry jsonb;
BEGIN
    IF session_user IN ('milepost_ingest', 'milepost_worker') OR NOT EXISTS (SELECT FROM changed) THEN
        RETURN NULL;
    END IF;
    -- That a key, a session or a link is used is no edit.
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME IN ('api_key', 'session', 'share_link') THEN
        IF NOT EXISTS (SELECT to_jsonb(c) - ARRAY['last_used_at', 'seen_at', 'uses', 'used_at'] FROM changed AS c
                       EXCEPT SELECT to_jsonb(b) - ARRAY['last_used_at', 'seen_at', 'uses', 'used_at'] FROM before AS b) THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT jsonb_build_object(
            'who', session_user, 'label', session_user,
            'what', TG_TABLE_NAME || '.' || lower(TG_OP),
            'department_ids', coalesce(jsonb_agg(DISTINCT d.id) FILTER (WHERE d.id IS NOT NULL), '[]'),
            'vehicle_ids', coalesce(jsonb_agg(DISTINCT w.vehicle_id) FILTER (WHERE w.vehicle_id IS NOT NULL), '[]'),
            'detail', left(string_agg(DISTINCT w.named, ','), 2000))
    INTO entry
    FROM (
        SELECT r, (CASE WHEN TG_TABLE_NAME = 'vehicle' THEN r ->> 'id' ELSE r ->> 'vehicle_id' END)::integer AS vehicle_id,
               coalesce(CASE TG_TABLE_NAME
                   WHEN 'api_key' THEN 'mp_' || (r ->> 'name')
                   WHEN 'local_user' THEN r ->> 'login'
                   WHEN 'session' THEN coalesce(r ->> 'subject', (SELECT u.login FROM local_user AS u
                       WHERE u.id = (r ->> 'user_id')::integer))
                   WHEN 'role_assignment' THEN concat((r ->> 'role'), ' of ',
                       coalesce((SELECT u.login FROM local_user AS u WHERE u.id = (r ->> 'user_id')::integer),
                                (SELECT 'mp_' || k.name FROM api_key AS k WHERE k.id = (r ->> 'key_id')::integer)))
                   END, r ->> 'ref', r ->> 'alert_id', r ->> 'fence_id', r ->> 'vehicle_id', r ->> 'id') AS named
        FROM (SELECT to_jsonb(c) AS r FROM changed AS c) AS rows
    ) AS w
    LEFT JOIN LATERAL (
        SELECT (CASE WHEN TG_TABLE_NAME = 'department' THEN w.r ->> 'id' ELSE w.r ->> 'department_id' END)::integer AS id
        UNION ALL
        -- Of a grant and of a shared fence: both sides.
        SELECT side::integer FROM unnest(ARRAY[
            w.r ->> 'from_department_id', w.r ->> 'to_department_id']) AS side
        UNION ALL
        SELECT v::integer FROM jsonb_array_elements_text(
            CASE jsonb_typeof(w.r -> 'department_ids') WHEN 'array' THEN w.r -> 'department_ids' ELSE '[]' END) AS v
        UNION ALL
        -- Of a person, their session and a key: where they hold a role.
        SELECT a.department_id FROM role_assignment AS a
        WHERE a.during @> milepost_now() AND CASE TG_TABLE_NAME
            WHEN 'local_user' THEN a.user_id = (w.r ->> 'id')::integer
            WHEN 'session' THEN a.user_id = (w.r ->> 'user_id')::integer
            WHEN 'api_key' THEN a.key_id = (w.r ->> 'id')::integer END
        UNION ALL
        SELECT (h ->> 'department_id')::integer FROM jsonb_array_elements(
            CASE jsonb_typeof(w.r -> 'held') WHEN 'array' THEN w.r -> 'held' ELSE '[]' END) AS h
    ) AS d ON true;
    IF said <> '' THEN
        entry := entry || convert_from(decode(said, 'hex'), 'UTF8')::jsonb;
    END IF;
    INSERT INTO audit_note (entry) VALUES (entry);
    RETURN NULL;
END
$$;

-- Takes up to `wanted` requests out of some buckets at once, as many from each; $2 are their sizes, which
-- fill again in a minute. Tells how many, and when there is one again where there is none.
CREATE OR REPLACE FUNCTION quota_take(buckets text[], sizes double precision[], wanted integer)
    RETURNS TABLE (granted integer, wait_s double precision)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    stamp constant timestamptz := milepost_now();
BEGIN
    INSERT INTO quota AS q (bucket, tokens, at)
    SELECT b.name, b.size, stamp FROM unnest(buckets, sizes) AS b (name, size) ORDER BY b.name
    ON CONFLICT (bucket) DO UPDATE SET
        tokens = least(excluded.tokens,
                       q.tokens + excluded.tokens * greatest(extract(epoch FROM stamp - q.at), 0) / 60),
        at = greatest(q.at, stamp);
    SELECT least(wanted, floor(min(q.tokens)))::integer,
           max(greatest(1 - q.tokens, 0) * 60 / b.size)
    INTO granted, wait_s
    FROM quota AS q JOIN unnest(buckets, sizes) AS b (name, size) ON b.name = q.bucket;
    granted := greatest(granted, 0);
    UPDATE quota SET tokens = tokens - granted WHERE bucket = any(buckets) AND granted > 0;
    RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION usage_add(rows jsonb) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO usage_day AS u (day, who, kind, label, department_ids, asked, refused)
    SELECT (milepost_now() AT TIME ZONE (SELECT time_zone FROM installation))::date,
           r.who, r.kind, r.label, r.department_ids, r.asked, r.refused
    FROM jsonb_to_recordset(rows) AS r (who text, kind text, label text, department_ids integer[], asked bigint, refused bigint)
    ORDER BY r.who, r.kind
    ON CONFLICT (day, who, kind) DO UPDATE SET
        label = excluded.label, department_ids = excluded.department_ids,
        asked = u.asked + excluded.asked, refused = u.refused + excluded.refused
$$;

REVOKE EXECUTE ON FUNCTION audit_append(jsonb), audit_note_written(), audit_write(),
    quota_take(text[], double precision[], integer), usage_add(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(jsonb), quota_take(text[], double precision[], integer),
    usage_add(jsonb) TO milepost_api;
GRANT SELECT ON audit, audit_scope, usage_day TO milepost_api;
GRANT SELECT ON audit, audit_head, audit_scope, audit_verdict TO milepost_worker;
GRANT INSERT ON audit_head, audit_verdict TO milepost_worker;
GRANT UPDATE ON audit_verdict TO milepost_worker;
-- Whether the chain is whole says nothing of anybody.
GRANT SELECT ON audit_head, audit_verdict TO milepost_api;
-- Not even the owner changes what was written.
REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_head, audit_scope FROM milepost_owner;

DO $$
DECLARE
    t text;
    op text;
    scope constant text := '(SELECT string_to_array(current_setting(''app.depts'', true), '','')::int[])::int[]';
BEGIN
    FOREACH t IN ARRAY ARRAY['audit', 'audit_note', 'audit_scope', 'audit_head', 'quota', 'usage_day'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    DROP POLICY IF EXISTS caller ON audit;
    -- What is of no department is shown to whoever sees all of them. A contractor is shown nothing.
    EXECUTE 'CREATE POLICY caller ON audit FOR SELECT TO milepost_api USING ((SELECT own_vehicles()) IS NULL AND ('
        'department_ids && ' || scope || ' OR (department_ids = ''{}'' AND '
        '(SELECT bool_and(d.id = any(' || scope || ')) FROM department AS d))))';
    -- A key is shown to whoever sees all that it sees.
    DROP POLICY IF EXISTS caller ON usage_day;
    EXECUTE 'CREATE POLICY caller ON usage_day FOR SELECT TO milepost_api USING ((SELECT own_vehicles()) IS NULL AND '
        'department_ids <> ''{}'' AND department_ids <@ ' || scope || ')';
    DROP POLICY IF EXISTS caller ON audit_scope;
    CREATE POLICY caller ON audit_scope FOR SELECT TO milepost_api USING (
        EXISTS (SELECT FROM audit AS a WHERE a.scope = audit_scope.hash));

    FOREACH t IN ARRAY ARRAY['audit_head', 'audit_verdict'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS caller ON %I', t);
        EXECUTE format('CREATE POLICY caller ON %I FOR SELECT TO milepost_api USING ((SELECT own_vehicles()) IS NULL)', t);
    END LOOP;

    FOREACH t IN ARRAY ARRAY['audit', 'audit_head', 'audit_scope'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()', t);
    END LOOP;
    DROP TRIGGER IF EXISTS audit_note_written ON audit_note;
    CREATE CONSTRAINT TRIGGER audit_note_written AFTER INSERT ON audit_note DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION audit_note_written();
    FOREACH t IN ARRAY ARRAY['cluster', 'department', 'application', 'vehicle', 'device', 'device_assignment',
                             'fence', 'fence_version', 'rule', 'vehicle_group', 'fence_group',
                             'vehicle_group_member', 'fence_group_member', 'fence_scope', 'subscription',
                             'contractor', 'local_user', 'api_key', 'role_assignment', 'session', 'legal_hold', 'private_interval', 'duty_status', 'alert_change',
                             'location_grant', 'share_link', 'fence_share', 'backtest'] LOOP
        FOREACH op IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            -- Sessions are deleted when they are long over: that is no sign-out.
            CONTINUE WHEN t = 'session' AND op = 'DELETE';
            EXECUTE format('CREATE OR REPLACE TRIGGER audit_%s AFTER %s ON %I REFERENCING %s '
                           'FOR EACH STATEMENT EXECUTE FUNCTION audit_write()', lower(op), op, t,
                           CASE op WHEN 'DELETE' THEN 'OLD TABLE AS changed' WHEN 'INSERT' THEN 'NEW TABLE AS changed'
                                   ELSE 'OLD TABLE AS before NEW TABLE AS changed' END);
        END LOOP;
    END LOOP;
END
$$;
