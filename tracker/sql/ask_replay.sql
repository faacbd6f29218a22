UPDATE reject AS r SET replay_asked_at = milepost_now()
WHERE r.replayed_at IS NULL
  AND (CAST(:device AS text) IS NULL OR r.claimed_ref = :device)
  AND (CAST(:reasons AS text[]) IS NULL OR r.reason = ANY(:reasons))
  AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
RETURNING r.id
