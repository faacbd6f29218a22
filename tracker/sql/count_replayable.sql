SELECT r.claimed_ref AS device, r.reason, count(*) AS count
FROM reject AS r
WHERE r.replayed_at IS NULL
  AND (CAST(:device AS text) IS NULL OR r.claimed_ref = :device)
  AND (CAST(:reasons AS text[]) IS NULL OR r.reason = ANY(:reasons))
  AND (CAST(:since AS timestamptz) IS NULL OR r.received_at >= :since)
GROUP BY 1, 2
ORDER BY 1, 2
