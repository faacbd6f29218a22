-- idle_s: since the shard was given back, or its holder was seen.
SELECT f.id AS shard, f.holder,
       extract(epoch FROM milepost_now() - greatest(f.since, w.seen_at))::float8 AS idle_s
FROM feed AS f
LEFT JOIN ingest_worker AS w ON w.id = f.holder
WHERE f.id > 0
ORDER BY f.id
