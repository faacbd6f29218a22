INSERT INTO worker_job (name, at, took_s, counters, error)
VALUES ($1, milepost_now(), $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET
    at = excluded.at, took_s = excluded.took_s, counters = excluded.counters, error = excluded.error
