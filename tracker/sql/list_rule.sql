SELECT p.ref || '/' || r.ref AS rule, array_to_string(r.on_kinds, ' ') AS on_kinds,
       coalesce(p.ref || '/' || f.ref, 'all fences') AS fence, r.severity,
       CASE WHEN r.disabled_at IS NULL THEN 'on' ELSE 'off' END AS state
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
LEFT JOIN fence AS f ON f.id = r.fence_id
ORDER BY 1
