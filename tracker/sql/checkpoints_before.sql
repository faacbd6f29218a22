-- Of each vehicle ($1) the last checkpoints before a time ($2), $3 at most, the newest first; none of a
-- stretch that is still to be gone over.
SELECT w.vehicle_id, c.fixed_at, c.state
FROM unnest($1::integer[], $2::timestamptz[]) AS w (vehicle_id, before)
CROSS JOIN LATERAL (
    SELECT fixed_at, state FROM checkpoint
    WHERE vehicle_id = w.vehicle_id AND fixed_at < w.before
      AND fixed_at < coalesce(
          (SELECT first_at FROM past_work WHERE vehicle_id = w.vehicle_id), 'infinity'
      )
    ORDER BY fixed_at DESC LIMIT $3
) AS c
ORDER BY w.vehicle_id, c.fixed_at DESC
