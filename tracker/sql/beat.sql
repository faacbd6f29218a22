-- A process that was silent for longer than a lease has joined anew.
INSERT INTO ingest_worker AS w (id, name) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET
    seen_at = milepost_now(),
    joined_at = CASE WHEN w.seen_at > milepost_now() - make_interval(secs => $3) THEN w.joined_at
                     ELSE milepost_now() END
