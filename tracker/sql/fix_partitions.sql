-- The partitions of `fix`, oldest first: those attached, those whose detaching was broken off, and
-- tables that were detached but not dropped (their bounds stand in their names).
WITH tables AS (
    SELECT c.oid, c.relname AS name, i.inhrelid IS NOT NULL AS attached,
           coalesce(i.inhdetachpending, false) AS pending,
           regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') AS bounds,
           substr(c.relname, 5) AS digits
    FROM pg_class AS c
    LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = 'fix'::regclass
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^fix_[0-9]{6}([0-9]{2})?$'
), named AS (
    SELECT *, CASE WHEN length(digits) = 8 THEN interval '1 day' ELSE interval '1 month' END AS span,
           to_date(left(digits || '01', 8), 'YYYYMMDD')::timestamptz AS start
    FROM tables
)
SELECT name, attached, pending,
       coalesce(bounds[1]::timestamptz, start) AS starts_at,
       coalesce(bounds[2]::timestamptz, start + span) AS ends_at,
       pg_total_relation_size(oid) AS bytes
FROM named
ORDER BY starts_at
