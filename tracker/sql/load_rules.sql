SELECT r.id, p.ref || '/' || r.ref AS full_ref, r.department_id, r.on_kinds, r.fence_id, r.severity,
       r.cooldown_s
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
WHERE r.disabled_at IS NULL
