-- Rejects that somebody asked to be read again, oldest first.
SELECT r.id, r.received_at, r.source, r.topic, r.boot, r.seq, r.reason, r.raw, r.claimed_ref
FROM reject AS r
WHERE r.replay_asked_at IS NOT NULL
ORDER BY r.id
LIMIT $1
