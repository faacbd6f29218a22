UPDATE reject AS r
SET replay_asked_at = NULL, replayed_at = CASE WHEN k.stored THEN milepost_now() END
FROM unnest($1::bigint[], $2::boolean[]) AS k (id, stored)
WHERE r.id = k.id
