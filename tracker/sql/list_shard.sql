-- A shard is served while its holder speaks: each half second (see tracker/leases.py).
SELECT f.id AS shard, w.name AS served_by,
       CASE WHEN w.id IS NOT NULL THEN to_char(f.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') END AS since,
       (SELECT string_agg(d.ref, ' ' ORDER BY d.ref) FROM department AS d WHERE d.shard = f.id) AS departments
FROM feed AS f
LEFT JOIN ingest_worker AS w ON w.id = f.holder AND w.seen_at > milepost_now() - interval '3 s'
WHERE f.id > 0
ORDER BY f.id
