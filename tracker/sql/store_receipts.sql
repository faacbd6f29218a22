-- Whole values: the one writer of the shard knows what stood before, and its token was checked.
INSERT INTO receipt AS r (device_id, boot, department_id, dealt, refused, first_at, last_at, suppressed)
SELECT device_id, boot, department_id, dealt::int8multirange, refused::int8multirange, first_at, last_at,
       suppressed::int8multirange
FROM staged_receipt
ORDER BY device_id, boot
ON CONFLICT (device_id, boot) DO UPDATE SET
    dealt = excluded.dealt,
    refused = excluded.refused,
    suppressed = excluded.suppressed,
    first_at = least(r.first_at, excluded.first_at),
    last_at = greatest(r.last_at, excluded.last_at)
