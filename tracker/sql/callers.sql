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

REVOKE EXECUTE ON FUNCTION held_of(text[]), callers_of(text), user_to_sign_in(text),
    begin_session(bytea, text, integer, text, text, text[], integer, integer),
    end_session(bytea, boolean), ends_at(bytea), count_guess(bytea, bytea, bytea), guessed_right(bytea, bytea, bytea)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION held_of(text[]), callers_of(text), user_to_sign_in(text),
    begin_session(bytea, text, integer, text, text, text[], integer, integer),
    end_session(bytea, boolean), ends_at(bytea), count_guess(bytea, bytea, bytea), guessed_right(bytea, bytea, bytea)
    TO milepost_api;
