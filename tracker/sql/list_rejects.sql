SELECT * FROM (
    SELECT r.id, r.received_at, r.claimed_ref AS device, r.source, r.topic, r.boot, r.seq, r.reason,
           r.raw, r.replay_asked_at, r.replayed_at
    FROM reject AS r
    WHERE (CAST(:device AS text) IS NULL OR r.claimed_ref = :device)
      AND (CAST(:reasons AS text[]) IS NULL OR r.reason = ANY(:reasons))
      AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
    ORDER BY r.received_at DESC, r.id DESC
    LIMIT :lim
) AS newest
ORDER BY received_at, id
