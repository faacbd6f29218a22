-- The row's lock lets one process at a time work through motion, for as long as its transaction lasts.
INSERT INTO worker_job (name, at, took_s, counters) VALUES ('motion', milepost_now(), 0, '{}')
ON CONFLICT (name) DO UPDATE SET at = excluded.at
