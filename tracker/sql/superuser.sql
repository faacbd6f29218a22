-- What only a superuser may do, once a cluster and database; safe to run again.
-- `milepost migrate` runs it where it may; elsewhere a database administrator runs what
-- `milepost migrate --print-superuser-sql` prints.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['milepost_owner', 'milepost_ingest', 'milepost_api', 'milepost_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS', name);
        END IF;
        EXECUTE format('ALTER ROLE %I SET jit = off', name);
        EXECUTE format('ALTER ROLE %I SET timezone = ''UTC''', name);
    END LOOP;
    -- Owns the views through which one department sees what another granted; nobody signs in as it.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'milepost_grants') THEN
        CREATE ROLE milepost_grants NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    GRANT milepost_grants TO milepost_owner;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO milepost_owner', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO milepost_ingest, milepost_owner', current_database());
END
$$;

ALTER ROLE milepost_api SET statement_timeout = '10s';
ALTER ROLE milepost_api SET idle_in_transaction_session_timeout = '5s';

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER SCHEMA public OWNER TO milepost_owner;

-- Without the mark row security switches GiST off: the policy would have to be checked first.
ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;

-- Functions with which an injected statement could leave its scope, wait, or read elsewhere.
-- pg_advisory_unlock_all stays: the pool's reset of a connection calls it.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN
        SELECT p.oid::regprocedure
        FROM pg_proc AS p
        WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace)
          AND p.proname ~ ('^(set_config|pg_sleep.*|.*_to_xml.*|ts_stat|ts_rewrite|pg_(try_)?advisory_.*lock.*'
              '|lo_.*|pg_notify|pg_cancel_backend|pg_terminate_backend|pg_export_snapshot'
              '|pg_show_all_settings|pg_stat_get_activity|st_estimatedextent)$')
          AND p.proname <> 'pg_advisory_unlock_all'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END
$$;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO milepost_owner;
GRANT EXECUTE ON FUNCTION set_config(text, text, boolean)
    TO milepost_owner, milepost_ingest, milepost_worker;
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO milepost_owner;
