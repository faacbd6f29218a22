-- The newest partition of `fix` that ended an hour ago and has no track index, with the statements that
-- give it one, each to be run by itself. One that was broken off goes first; one at work is left alone.
-- Vacuumed before, and from then on as it grows: only for pages that a vacuum has seen does an index
-- alone tell what is in the table.
WITH over AS (
    SELECT c.oid, c.relname AS name, c.relname || '_track' AS track,
           (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz AS ended_at
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'fix'::regclass AND NOT i.inhdetachpending
)
SELECT o.name, array_remove(ARRAY[
    CASE WHEN x.indexrelid IS NOT NULL THEN format('DROP INDEX CONCURRENTLY %I', o.track) END,
    format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0,'
           ' autovacuum_vacuum_insert_threshold = 100000)', o.name),
    format('VACUUM (ANALYZE) %I', o.name),
    format('CREATE INDEX CONCURRENTLY %I ON %I (vehicle_id, fixed_at) INCLUDE (received_at, geom, department_id,'
           ' altitude_m, speed_mps, course_deg, heading_deg, accuracy_m, hdop, satellites, mode, ignition, ais,'
           ' implausible)', o.track, o.name)
], NULL) AS statements
FROM over AS o
LEFT JOIN pg_index AS x ON x.indrelid = o.oid AND x.indexrelid = to_regclass(o.track)
WHERE o.ended_at <= milepost_now() - interval '1 hour'
  AND x.indisvalid IS DISTINCT FROM true
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.relid = o.oid)
ORDER BY o.ended_at DESC
LIMIT 1
