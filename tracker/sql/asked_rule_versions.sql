-- What versions of rules of a department ($1) said, of these names ($2): "night@2".
SELECT p.ref || '/' || r.ref || '@' || v.version AS name, v.terms
FROM rule_version AS v
JOIN rule AS r ON r.id = v.rule_id
JOIN department AS p ON p.id = r.department_id
WHERE r.department_id = $1 AND r.ref || '@' || v.version = any($2::text[])
