-- How these went ($2 of subscription $1): state, error, and in how many seconds those that wait are due.
-- What has waited longer than $6 seconds is given up.
UPDATE delivery AS d SET
    state = k.state, last_error = k.error, next_at = milepost_now() + make_interval(secs => k.delay_s),
    done_at = CASE WHEN k.state <> 'waiting' THEN milepost_now() END
FROM (
    SELECT r.outbox_id, r.error, r.delay_s,
           CASE WHEN r.state = 'waiting' AND w.waits_since < milepost_now() - make_interval(secs => $6)
                THEN 'dead' ELSE r.state END AS state
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::float8[])
        AS r (outbox_id, state, error, delay_s)
    JOIN delivery AS w ON w.subscription_id = $1 AND w.outbox_id = r.outbox_id
) AS k
WHERE d.subscription_id = $1 AND d.outbox_id = k.outbox_id AND d.state = 'waiting'
