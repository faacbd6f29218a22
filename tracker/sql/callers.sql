-- Who calls, and signing in: what works before a scope is known. The API's role reads and writes none of
-- these tables; it calls these functions. Run after each migration, before security.sql.

-- Roles as people and settings say them, `dispatcher@FSD`, `platform@*`, `contractor@FEHD/WASTE-1`, as
-- {role, department_id, contractor_id}; what there is not is left out.
CREATE OR REPLACE FUNCTION held_of(said text[]) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS (
        SELECT split_part(each, '@', 1) AS role, split_part(split_part(each, '@', 2), '/', 1) AS department,
               nullif(split_part(split_part(each, '@', 2), '/', 2), '') AS contractor
        FROM unnest(said) AS each
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'role', a.role, 'department_id', d.id, 'contractor_id', c.id)), '[]')
    FROM asked AS a
    LEFT JOIN department AS d ON d.ref = a.department
    LEFT JOIN contractor AS c ON c.department_id = d.id AND c.ref = a.contractor
    WHERE (a.department = '*' OR (d.id IS NOT NULL AND a.role NOT IN ('platform', 'steering')))
      AND (a.role = 'contractor') = (c.id IS NOT NULL)
      AND (a.contractor IS NULL) = (c.id IS NULL)
$$;

-- Keys and sessions of a name that are good now. Being asked for is being used: noted to the minute.
CREATE OR REPLACE FUNCTION callers_of(asked text)
    RETURNS TABLE (hash bytea, id text, label text, scopes text[], held jsonb)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE api_key AS k SET last_used_at = milepost_now()
        WHERE k.name = asked AND k.revoked_at IS NULL AND k.expires_at > milepost_now()
          AND (k.last_used_at IS NULL OR k.last_used_at < milepost_now() - interval '1 minute')
    ), seen AS (
        UPDATE session AS s SET seen_at = milepost_now()
        WHERE s.name = asked AND s.ended_at IS NULL AND s.expires_at > milepost_now()
          AND s.seen_at < milepost_now() - interval '1 minute'
          AND s.seen_at + s.idle > milepost_now()
    ), roles AS (
        SELECT a.user_id, a.key_id, jsonb_agg(jsonb_build_object(
            'role', a.role, 'department_id', a.department_id, 'contractor_id', a.contractor_id)) AS held
        FROM role_assignment AS a WHERE a.during @> milepost_now() GROUP BY a.user_id, a.key_id
    )
    SELECT k.hash, 'key:mp_' || k.name, k.label, k.scopes, coalesce(r.held, '[]')
    FROM api_key AS k LEFT JOIN roles AS r ON r.key_id = k.id
    WHERE k.name = asked AND k.revoked_at IS NULL AND k.expires_at > milepost_now()
    UNION ALL
    SELECT s.hash, coalesce('user:' || u.login, s.subject), s.label, NULL, coalesce(s.held, r.held, '[]')
    FROM session AS s
    LEFT JOIN local_user AS u ON u.id = s.user_id
    LEFT JOIN roles AS r ON r.user_id = s.user_id
    WHERE s.name = asked AND s.ended_at IS NULL AND s.expires_at > milepost_now()
      AND s.seen_at + s.idle > milepost_now() AND u.disabled_at IS NULL
$$;

-- Whom a name at sign-in means.
CREATE OR REPLACE FUNCTION user_to_sign_in(asked text)
    RETURNS TABLE (id integer, login text, name text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.login, u.name, u.password_hash FROM local_user AS u
    WHERE u.login = asked AND u.disabled_at IS NULL
$$;

-- A session: of a local user, or of somebody with the roles that they came with. The ones that nobody
-- can use any more go with it.
CREATE OR REPLACE FUNCTION begin_session(new_hash bytea, new_name text, of_user integer, of_subject text,
    new_label text, with_roles text[], idle_s integer, lasts_s integer) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM session WHERE expires_at < milepost_now() - interval '1 day';
    INSERT INTO session (hash, name, user_id, subject, label, held, idle, expires_at)
    SELECT new_hash, new_name, of_user, of_subject, new_label,
           CASE WHEN of_user IS NULL THEN held_of(with_roles) END,
           make_interval(secs => idle_s), milepost_now() + make_interval(secs => lasts_s)
$$;

-- When a session or a key ends at the latest; NULL for what has ended.
CREATE OR REPLACE FUNCTION ends_at(of_hash bytea) RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.expires_at FROM session AS s WHERE s.hash = of_hash AND s.ended_at IS NULL
    UNION ALL
    SELECT k.expires_at FROM api_key AS k WHERE k.hash = of_hash AND k.revoked_at IS NULL
    LIMIT 1
$$;

-- Sign out: here, or wherever the same person is signed in.
CREATE OR REPLACE FUNCTION end_session(of_hash bytea, everywhere boolean) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE session AS s SET ended_at = milepost_now()
    FROM session AS this
    WHERE this.hash = of_hash AND s.ended_at IS NULL
      AND (s.id = this.id OR (everywhere AND (s.user_id = this.user_id OR s.subject = this.subject)))
$$;

-- Another password of whoever this session is of, if it is still the old one that was judged; wherever
-- else they are signed in, they are so no more. False: nothing was changed.
CREATE OR REPLACE FUNCTION change_own_password(of_hash bytea, of_user integer, old_hash text, new_hash text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE local_user AS u
    SET password_hash = new_hash, password_set_at = milepost_now(), revision = u.revision + 1
    WHERE u.id = of_user AND u.password_hash = old_hash AND u.disabled_at IS NULL
      AND EXISTS (SELECT FROM session AS s
                  WHERE s.hash = of_hash AND s.user_id = of_user AND s.ended_at IS NULL);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE session SET ended_at = milepost_now()
    WHERE user_id = of_user AND ended_at IS NULL AND hash <> of_hash;
    RETURN true;
END
$$;

-- Counts a guess before it is judged, so that many at once gain nothing. Returns for how many seconds
-- nothing is tried: then nothing was counted, so that nobody can make another wait for ever. The k-th
-- failure beyond the free ones costs 2^k s, a minute at the most; a quarter of an hour forgets all.
CREATE OR REPLACE FUNCTION count_guess(of_account bytea, of_stranger bytea, of_address bytea)
    RETURNS double precision
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM sign_in_guess WHERE last_at < milepost_now() - interval '1 day';
    INSERT INTO sign_in_guess (key)
    SELECT key FROM (
        SELECT of_account AS key WHERE EXISTS (SELECT FROM known_address AS k WHERE k.key = of_account)
        UNION ALL
        SELECT unnest(ARRAY[of_stranger, of_address])
        WHERE NOT EXISTS (SELECT FROM known_address AS k WHERE k.key = of_account)
    ) AS counted ORDER BY key
    ON CONFLICT (key) DO NOTHING;
    WITH counted AS MATERIALIZED (
        SELECT g.key, g.wait_until,
               CASE WHEN g.last_at < milepost_now() - interval '15 minutes' THEN 0 ELSE g.failures END
                   + 1 - CASE WHEN g.key = of_address THEN 20 ELSE 5 END AS beyond
        FROM sign_in_guess AS g
        WHERE (g.key = of_account AND EXISTS (SELECT FROM known_address AS k WHERE k.key = of_account))
           OR (g.key IN (of_stranger, of_address)
               AND NOT EXISTS (SELECT FROM known_address AS k WHERE k.key = of_account))
        ORDER BY g.key FOR UPDATE
    ), waits AS MATERIALIZED (
        SELECT greatest(0, extract(epoch FROM max(wait_until) - milepost_now()))::double precision AS wait_s
        FROM counted
    ), written AS (
        UPDATE sign_in_guess AS g
        SET failures = c.beyond + CASE WHEN g.key = of_address THEN 20 ELSE 5 END,
            last_at = milepost_now(),
            wait_until = milepost_now()
                + CASE WHEN c.beyond < 0 THEN interval '0'
                       ELSE least(60, power(2, least(c.beyond, 6))) * interval '1 second' END
        FROM counted AS c, waits AS w
        WHERE g.key = c.key AND w.wait_s = 0
    )
    SELECT wait_s FROM waits
$$;

-- The guess was right: the account is at home at this address, and waits for nothing.
CREATE OR REPLACE FUNCTION guessed_right(of_account bytea, of_stranger bytea, of_address bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO known_address (key) VALUES (of_account)
    ON CONFLICT (key) DO UPDATE SET at = milepost_now();
    DELETE FROM known_address WHERE at < milepost_now() - interval '90 days';
    DELETE FROM sign_in_guess WHERE key = of_account;
    UPDATE sign_in_guess SET failures = greatest(0, failures - 1), wait_until = milepost_now()
    WHERE key IN (of_stranger, of_address)
$$;

-- Keys, and who may make, see and end them through the API: whoever administers all that the key may do, the
-- departments of the scope; or, where `everywhere` says so, the whole government.
CREATE OR REPLACE FUNCTION keys_within(everywhere boolean) RETURNS TABLE (
    name text, label text, roles text[], scopes text[], created_at timestamptz, expires_at timestamptz,
    last_used_at timestamptz, revoked_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.name, k.label, r.roles, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
    FROM api_key AS k
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(concat(a.role, '@', coalesce(d.ref, '*'), '/' || c.ref) ORDER BY a.id), '{}') AS roles,
               bool_and(a.department_id IS NOT NULL
                        AND a.department_id = any(string_to_array(current_setting('app.depts', true), ',')::int[])) AS inside
        FROM role_assignment AS a
        LEFT JOIN department AS d ON d.id = a.department_id
        LEFT JOIN contractor AS c ON c.id = a.contractor_id
        WHERE a.key_id = k.id AND a.during @> milepost_now()
    ) AS r
    WHERE everywhere OR r.inside
    ORDER BY k.id DESC
$$;

-- Makes one with roles of `held_of`; false, and nothing is made, where one of them is beyond.
CREATE OR REPLACE FUNCTION make_key(new_hash bytea, new_name text, new_label text, new_scopes text[], held jsonb,
    days integer, everywhere boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    mine constant integer[] := coalesce(string_to_array(current_setting('app.depts', true), ',')::int[], '{}');
    made integer;
BEGIN
    IF NOT everywhere AND EXISTS (
        SELECT FROM jsonb_to_recordset(held) AS h (department_id integer)
        WHERE h.department_id IS NULL OR h.department_id <> ALL (mine)) THEN
        RETURN false;
    END IF;
    INSERT INTO api_key (hash, name, label, scopes, expires_at)
    VALUES (new_hash, new_name, new_label, new_scopes, milepost_now() + make_interval(days => days))
    RETURNING id INTO made;
    INSERT INTO role_assignment (key_id, role, department_id, contractor_id, during)
    SELECT made, h.role, h.department_id, h.contractor_id, tstzrange(milepost_now(), NULL)
    FROM jsonb_to_recordset(held) AS h (role text, department_id integer, contractor_id integer);
    RETURN true;
END
$$;

-- Ends one; false where there is none for whoever this scope is of.
CREATE OR REPLACE FUNCTION revoke_key(asked text, everywhere boolean) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH ended AS (
        UPDATE api_key AS k SET revoked_at = milepost_now()
        WHERE k.name = asked AND k.revoked_at IS NULL
          AND EXISTS (SELECT FROM keys_within(everywhere) AS w WHERE w.name = asked)
        RETURNING k.id
    )
    SELECT EXISTS (SELECT FROM ended)
$$;

REVOKE EXECUTE ON FUNCTION keys_within(boolean), revoke_key(text, boolean),
    make_key(bytea, text, text, text[], jsonb, integer, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keys_within(boolean), revoke_key(text, boolean),
    make_key(bytea, text, text, text[], jsonb, integer, boolean) TO milepost_api;

-- Whether this scope is the whole government's: what is of no department is shown to it alone. Before
-- there is a department it says so by a 0, for no scope is never everything.
CREATE OR REPLACE FUNCTION whole_government() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(current_setting('app.contractors', true), '') = ''
       AND coalesce(bool_and(d.id = any(string_to_array(coalesce(current_setting('app.depts', true), ''), ',')::int[])),
                    current_setting('app.depts', true) = '0', false)
    FROM department AS d
$$;

-- Whether a role at a department (NULL: at all of them) lies in this scope.
CREATE OR REPLACE FUNCTION in_scope(of_department integer) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN of_department IS NULL THEN whole_government()
        ELSE coalesce(current_setting('app.contractors', true), '') = ''
         AND of_department = any(string_to_array(coalesce(current_setting('app.depts', true), ''), ',')::int[]) END
$$;

-- Users who hold or held a role in the scope, or one of them, with the roles that they have there now.
-- `elsewhere`: whether they have others, without saying which.
CREATE OR REPLACE FUNCTION users_seen(asked text)
    RETURNS TABLE (id integer, login text, name text, created_at timestamptz, password_set_at timestamptz,
                   disabled_at timestamptz, revision integer, held jsonb, elsewhere boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH a AS MATERIALIZED (
        SELECT r.user_id, r.role, r.department_id, r.contractor_id, in_scope(r.department_id) AS mine,
               r.during @> milepost_now() AS now,
               r.role || '@' || coalesce(d.ref, '*') || coalesce('/' || c.ref, '') AS said
        FROM role_assignment AS r
        LEFT JOIN department AS d ON d.id = r.department_id
        LEFT JOIN contractor AS c ON c.id = r.contractor_id
        WHERE r.user_id IS NOT NULL
    )
    SELECT u.id, u.login, u.name, u.created_at, u.password_set_at, u.disabled_at, u.revision,
           coalesce(jsonb_agg(jsonb_build_object('role', a.role, 'department_id', a.department_id,
                   'contractor_id', a.contractor_id, 'said', a.said) ORDER BY a.said)
               FILTER (WHERE a.mine AND a.now), '[]'),
           coalesce(bool_or(a.now AND NOT a.mine), false)
    FROM local_user AS u LEFT JOIN a ON a.user_id = u.id
    WHERE asked IS NULL OR u.login = asked
    GROUP BY u.id
    HAVING bool_or(a.mine) OR whole_government()
    ORDER BY u.login
$$;

-- One who edits a user at a time.
CREATE OR REPLACE FUNCTION lock_user(asked text) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT FROM local_user WHERE login = asked FOR UPDATE
$$;

-- A user without a role; NULL where the name was used before.
CREATE OR REPLACE FUNCTION add_user(new_login text, new_name text, new_hash text) RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO local_user (login, name, password_hash) VALUES (new_login, new_name, new_hash)
    ON CONFLICT DO NOTHING RETURNING id
$$;

-- Another name, password or state, each NULL for as it is; with a password, or disabled, their sessions
-- end. Only of somebody all of whose roles lie in the scope: else it would reach into other departments.
CREATE OR REPLACE FUNCTION edit_user(of_user integer, new_name text, new_hash text, disabling boolean)
    RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    edited integer;
BEGIN
    IF EXISTS (SELECT FROM role_assignment AS a
               WHERE a.user_id = of_user AND a.during @> milepost_now() AND NOT in_scope(a.department_id))
       OR NOT (whole_government() OR EXISTS (
            SELECT FROM role_assignment AS a WHERE a.user_id = of_user AND in_scope(a.department_id))) THEN
        RETURN NULL;
    END IF;
    UPDATE local_user AS u
    SET name = coalesce(new_name, u.name), password_hash = coalesce(new_hash, u.password_hash),
        password_set_at = CASE WHEN new_hash IS NULL THEN u.password_set_at ELSE milepost_now() END,
        disabled_at = CASE WHEN disabling THEN coalesce(u.disabled_at, milepost_now())
                           WHEN NOT disabling THEN NULL ELSE u.disabled_at END,
        revision = u.revision + 1
    WHERE u.id = of_user RETURNING u.revision INTO edited;
    IF new_hash IS NOT NULL OR disabling THEN
        UPDATE session SET ended_at = milepost_now() WHERE user_id = of_user AND ended_at IS NULL;
    END IF;
    RETURN edited;
END
$$;

-- Gives a role in the scope; `held` already, or what stands in the way: a contractor holds no other role.
CREATE OR REPLACE FUNCTION give_role(of_user integer, new_role text, of_department integer, of_contractor integer)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT in_scope(of_department) THEN
        RETURN 'beyond';
    END IF;
    IF EXISTS (SELECT FROM role_assignment AS a
               WHERE a.user_id = of_user AND a.during @> milepost_now()
                 AND (a.role = 'contractor') <> (new_role = 'contractor')) THEN
        RETURN 'mixture';
    END IF;
    IF EXISTS (SELECT FROM role_assignment AS a
               WHERE a.user_id = of_user AND a.role = new_role AND a.during @> milepost_now()
                 AND a.department_id IS NOT DISTINCT FROM of_department
                 AND a.contractor_id IS NOT DISTINCT FROM of_contractor) THEN
        RETURN 'held';
    END IF;
    INSERT INTO role_assignment (user_id, role, department_id, contractor_id, during)
    VALUES (of_user, new_role, of_department, of_contractor, tstzrange(milepost_now(), NULL));
    UPDATE local_user SET revision = revision + 1 WHERE id = of_user;
    RETURN 'given';
END
$$;

-- Ends a role in the scope; that it was held stays known. False where it is not held there.
CREATE OR REPLACE FUNCTION take_role(of_user integer, old_role text, of_department integer, of_contractor integer)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE role_assignment AS a SET during = tstzrange(lower(a.during), milepost_now())
    WHERE a.user_id = of_user AND a.role = old_role AND a.during @> milepost_now()
      AND a.department_id IS NOT DISTINCT FROM of_department
      AND a.contractor_id IS NOT DISTINCT FROM of_contractor AND in_scope(of_department);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE local_user SET revision = revision + 1 WHERE id = of_user;
    RETURN true;
END
$$;

REVOKE EXECUTE ON FUNCTION held_of(text[]), callers_of(text), user_to_sign_in(text),
    begin_session(bytea, text, integer, text, text, text[], integer, integer),
    end_session(bytea, boolean), change_own_password(bytea, integer, text, text), ends_at(bytea), count_guess(bytea, bytea, bytea), guessed_right(bytea, bytea, bytea)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION held_of(text[]), callers_of(text), user_to_sign_in(text),
    begin_session(bytea, text, integer, text, text, text[], integer, integer),
    end_session(bytea, boolean), change_own_password(bytea, integer, text, text), ends_at(bytea), count_guess(bytea, bytea, bytea), guessed_right(bytea, bytea, bytea)
    TO milepost_api;

-- Users as administrators keep them through the API; `whole_government` also stands in its policies.
REVOKE EXECUTE ON FUNCTION whole_government(), in_scope(integer), users_seen(text), lock_user(text), add_user(text, text, text),
    edit_user(integer, text, text, boolean), give_role(integer, text, integer, integer),
    take_role(integer, text, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whole_government(), in_scope(integer), users_seen(text), lock_user(text), add_user(text, text, text),
    edit_user(integer, text, text, boolean), give_role(integer, text, integer, integer),
    take_role(integer, text, integer, integer) TO milepost_api;
