-- What keeps and what erases, as functions and triggers; run behind security.sql, so this file is
-- their one truth.

-- Whether a legal hold reaches what a vehicle left behind from one time to another, both included;
-- without a vehicle, whether any hold of the department does.
CREATE OR REPLACE FUNCTION is_held(department integer, vehicle integer, first timestamptz, last timestamptz)
    RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM legal_hold AS h
        WHERE h.lifted_at IS NULL AND h.department_id = department
          AND (h.vehicle_id = vehicle OR h.vehicle_id IS NULL OR vehicle IS NULL)
          AND h.during && tstzrange(first, last, '[]')
    )
$$;

-- The last guard: whoever deletes a fix, by whatever statement, does not delete a held one.
CREATE OR REPLACE FUNCTION keep_held_fix() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF is_held(OLD.department_id, OLD.vehicle_id, OLD.fixed_at, OLD.fixed_at) THEN
        RAISE EXCEPTION 'a legal hold keeps the fixes of vehicle % at %', OLD.vehicle_id, OLD.fixed_at;
    END IF;
    RETURN OLD;
END
$$;

-- The only way in which ingest deletes fixes: those of a private interval, not held, the oldest
-- first, a bounded number. What is left of other kinds (latest) follows from the judging.
CREATE OR REPLACE FUNCTION erase_private(private_id integer, at_most integer)
    RETURNS TABLE (erased integer, first timestamptz, last timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p private_interval;
BEGIN
    -- A hold is placed before this, and seen, or after it.
    LOCK TABLE legal_hold IN SHARE MODE;
    SELECT * INTO p FROM private_interval WHERE id = private_id;
    IF p.keeps = 'nothing' THEN
        DELETE FROM presence AS r
        WHERE r.vehicle_id = p.vehicle_id AND r.fixed_at >= p.starts_at AND r.fixed_at < p.ends_at
          AND NOT is_held(r.department_id, r.vehicle_id, r.fixed_at, r.fixed_at);
    END IF;
    RETURN QUERY
    WITH old AS (
        SELECT f.vehicle_id, f.fixed_at FROM fix AS f
        WHERE f.vehicle_id = p.vehicle_id AND f.fixed_at >= p.starts_at AND f.fixed_at < p.ends_at
          AND NOT is_held(f.department_id, f.vehicle_id, f.fixed_at, f.fixed_at)
        ORDER BY f.fixed_at LIMIT at_most
    ), gone AS (
        DELETE FROM fix AS f USING old
        WHERE f.vehicle_id = old.vehicle_id AND f.fixed_at = old.fixed_at
          AND f.fixed_at >= p.starts_at AND f.fixed_at < p.ends_at
        RETURNING f.fixed_at
    )
    SELECT count(*)::integer, min(fixed_at), max(fixed_at) FROM gone;
END
$$;

-- A vehicle of which no fix is left is nowhere; viewers must see the whole picture anew. Returns the
-- registry's version then, which alone is new of it.
CREATE OR REPLACE FUNCTION forget_vehicles(vehicles integer[]) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM latest AS l WHERE l.vehicle_id = any(vehicles)
        AND NOT EXISTS (SELECT FROM fix AS f WHERE f.vehicle_id = l.vehicle_id AND f.fixed_at = l.fixed_at);
    DELETE FROM fence_state WHERE vehicle_id = any(vehicles)
        AND vehicle_id NOT IN (SELECT vehicle_id FROM latest);
    NOTIFY registry;
    UPDATE installation SET registry_version = registry_version + 1 RETURNING registry_version;
$$;

-- Events with their alerts, which nobody can act on any more; how many of each went.
CREATE OR REPLACE FUNCTION forget_events(event_ids uuid[])
    RETURNS TABLE (what text, department_id integer, rows bigint)
    LANGUAGE sql VOLATILE AS $$
    WITH old_alert AS (
        SELECT a.id FROM alert AS a WHERE a.event_id = any(event_ids)
    ), changes AS (
        DELETE FROM alert_change AS c USING old_alert AS o WHERE c.alert_id = o.id
    ), joined AS (
        DELETE FROM alert_event AS k
        WHERE k.alert_id IN (SELECT id FROM old_alert) OR k.event_id = any(event_ids)
    ), alerts AS (
        DELETE FROM alert AS a USING old_alert AS o WHERE a.id = o.id RETURNING a.department_id
    ), events AS (
        DELETE FROM event AS e WHERE e.id = any(event_ids) RETURNING e.department_id
    )
    SELECT 'alert', a.department_id, count(*) FROM alerts AS a GROUP BY 2
    UNION ALL
    SELECT 'event', e.department_id, count(*) FROM events AS e GROUP BY 2
$$;

-- Makes the off-duty times of a vehicle what its duty history and its department's policy say.
-- What the policy was before stands: times that ended before it was set are left alone.
CREATE OR REPLACE FUNCTION follow_duty(vehicle integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    policy record;
BEGIN
    SELECT d.id, d.off_duty_keeps AS keeps, d.off_duty_since AS since INTO policy
    FROM vehicle AS v JOIN department AS d ON d.id = v.department_id WHERE v.id = vehicle;

    UPDATE private_interval SET ends_at = policy.since
    WHERE vehicle_id = vehicle AND why = 'off_duty' AND starts_at < policy.since AND ends_at > policy.since;

    WITH wanted AS (
        SELECT greatest(s.since, policy.since) AS starts_at, s.ends_at
        FROM (
            SELECT since, status, lead(since, 1, 'infinity') OVER (ORDER BY since) AS ends_at
            FROM duty_status WHERE vehicle_id = vehicle
        ) AS s
        WHERE s.status = 'off_duty' AND s.ends_at > policy.since AND policy.keeps <> 'all'
    ), stale AS (
        DELETE FROM private_interval AS p
        WHERE p.vehicle_id = vehicle AND p.why = 'off_duty' AND p.starts_at >= policy.since
          AND NOT EXISTS (
              SELECT FROM wanted AS w
              WHERE w.starts_at = p.starts_at AND w.ends_at = p.ends_at AND p.keeps = policy.keeps
          )
    )
    INSERT INTO private_interval (department_id, vehicle_id, starts_at, ends_at, why, keeps, declared_by)
    SELECT policy.id, vehicle, w.starts_at, w.ends_at, 'off_duty', policy.keeps, 'duty status'
    FROM wanted AS w
    WHERE NOT EXISTS (
        SELECT FROM private_interval AS p
        WHERE p.vehicle_id = vehicle AND p.why = 'off_duty' AND p.keeps = policy.keeps
          AND p.starts_at = w.starts_at AND p.ends_at = w.ends_at
    );
END
$$;

CREATE OR REPLACE FUNCTION duty_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM follow_duty(NEW.vehicle_id)
    FROM department AS d
    WHERE d.id = NEW.department_id AND d.off_duty_keeps <> 'all';
    RETURN NULL;
END
$$;

-- How many private times began or ended by the clock since this was asked last; if any did, viewers
-- read their whole picture anew.
CREATE OR REPLACE FUNCTION tell_private_turns() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told timestamptz := (SELECT private_told_at FROM installation);
    until timestamptz := milepost_now();
    turned integer;
BEGIN
    SELECT count(*) INTO turned FROM private_interval
    WHERE (starts_at > told AND starts_at <= until) OR (ends_at > told AND ends_at <= until);
    IF turned > 0 THEN
        UPDATE installation SET private_told_at = until, registry_version = registry_version + 1;
        NOTIFY registry;
    END IF;
    RETURN turned;
END
$$;

REVOKE EXECUTE ON FUNCTION tell_private_turns(), keep_held_fix(), erase_private(integer, integer), forget_vehicles(integer[]),
    forget_events(uuid[]), follow_duty(integer), duty_changed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_private(integer, integer), forget_vehicles(integer[]) TO milepost_ingest;
GRANT EXECUTE ON FUNCTION tell_private_turns() TO milepost_worker;

-- A vehicle that is private now has no place, whatever a query forgets to ask.
DROP POLICY IF EXISTS private ON latest;
CREATE POLICY private ON latest AS RESTRICTIVE FOR SELECT TO milepost_api USING (
    vehicle_id NOT IN (
        SELECT p.vehicle_id FROM private_interval AS p WHERE p.ends_at > now() AND p.starts_at <= now()
    )
);

CREATE OR REPLACE TRIGGER keep_held BEFORE DELETE ON fix FOR EACH ROW EXECUTE FUNCTION keep_held_fix();
-- Not when history leaves by retention: what it made private stays so.
CREATE OR REPLACE TRIGGER duty_changed AFTER INSERT OR UPDATE ON duty_status
    FOR EACH ROW EXECUTE FUNCTION duty_changed();
-- For each row, unlike the others: following the duty status writes nothing most of the time.
CREATE OR REPLACE TRIGGER registry_changed AFTER INSERT OR DELETE OR UPDATE OF starts_at, ends_at, keeps
    ON private_interval FOR EACH ROW EXECUTE FUNCTION registry_changed();
