-- Open alerts that nobody acknowledged within their rule's time; those that sleep wait until they wake.
SELECT a.id
FROM alert AS a
JOIN rule AS r ON r.id = a.rule_id
WHERE a.state = 'open' AND a.escalated_at IS NULL AND NOT a.shadow
  AND milepost_now() >= greatest(
      a.waits_since + make_interval(secs => r.escalate_after_s), a.snoozed_until
  )
  AND r.escalate_after_s IS NOT NULL
ORDER BY a.waits_since
LIMIT $1
