SELECT p.ref || '/' || r.ref AS rule, array_to_string(r.on_kinds, ' ') AS on_kinds,
       coalesce(p.ref || '/' || coalesce(f.ref, g.ref), 'all fences') AS fence, r.severity,
       CASE WHEN r.disabled_at IS NOT NULL THEN 'off' WHEN r.shadow THEN 'shadow' ELSE 'on' END AS state,
       r.cooldown_s, r.escalate_after_s, u.useful, u.not_useful AS false,
       round(u.useful / nullif(u.useful + u.not_useful, 0)::numeric, 2)::float AS precision
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
LEFT JOIN fence AS f ON f.id = r.fence_id
LEFT JOIN fence_group AS g ON g.id = r.fence_group_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE a.close_reason = 'handled') AS useful,
           count(*) FILTER (WHERE a.close_reason = 'false') AS not_useful
    FROM alert AS a
    WHERE a.rule_id = r.id AND NOT a.shadow
) AS u
ORDER BY 1
