-- How a rule went in the last $3 days, and what it would have raised while it was on trial.
SELECT p.ref || '/' || r.ref AS rule,
       CASE WHEN r.disabled_at IS NOT NULL THEN 'off' WHEN r.shadow THEN 'shadow' ELSE 'live' END AS state,
       r.shadow, a.*, e.shadow_events
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT a.shadow) AS alerts,
           coalesce(sum(a.suppressed) FILTER (WHERE NOT a.shadow), 0)::bigint AS suppressed,
           count(*) FILTER (WHERE a.close_reason = 'handled') AS useful,
           count(*) FILTER (WHERE a.close_reason = 'false') AS false,
           count(*) FILTER (WHERE NOT a.shadow
               AND coalesce(a.close_reason, '') NOT IN ('handled', 'false')) AS unsaid,
           count(*) FILTER (WHERE a.shadow) AS would_raise,
           coalesce(sum(a.suppressed) FILTER (WHERE a.shadow), 0)::bigint AS would_suppress
    FROM alert AS a
    WHERE a.rule_id = r.id AND a.opened_at > milepost_now() - make_interval(days => $3)
      AND a.close_reason IS DISTINCT FROM 'withdrawn'
) AS a
CROSS JOIN LATERAL (
    SELECT count(*) AS shadow_events
    FROM event AS e
    WHERE e.department_id = r.department_id AND e.rule_id = r.id AND e.shadow AND e.status = 'valid'
      AND e.at > milepost_now() - make_interval(days => $3)
) AS e
WHERE p.ref = $1 AND r.ref = $2
