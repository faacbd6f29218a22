INSERT INTO ingest_health (shard, started_at, at, counters)
VALUES ($1, $2, milepost_now(), $3)
ON CONFLICT (shard) DO UPDATE SET
    started_at = excluded.started_at, at = excluded.at, counters = excluded.counters
