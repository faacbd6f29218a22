SELECT p.ref || '/' || d.ref AS full_ref, d.password_hash
FROM device AS d
JOIN department AS p ON p.id = d.department_id
WHERE d.retired_at IS NULL AND d.password_hash IS NOT NULL
ORDER BY 1
