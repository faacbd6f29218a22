-- Rejects that somebody asked to be read again, oldest first: those that say they are of a
-- department of the shard; the first shard has those of no department too.
SELECT r.id, r.received_at, r.source, r.topic, r.boot, r.seq, r.reason, r.raw, r.claimed_ref
FROM reject AS r
LEFT JOIN department AS p ON p.ref = split_part(r.claimed_ref, '/', 1)
WHERE r.replay_asked_at IS NOT NULL AND coalesce(p.shard, 1) = $2
ORDER BY r.id
LIMIT $1
