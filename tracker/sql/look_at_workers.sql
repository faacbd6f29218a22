SELECT w.id, extract(epoch FROM milepost_now() - w.joined_at)::float8 AS joined_s
FROM ingest_worker AS w
WHERE w.seen_at > milepost_now() - make_interval(secs => $1)
