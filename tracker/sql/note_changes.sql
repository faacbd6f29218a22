-- Writes down what was done to alerts ($1), after it was done. $5: JSON.
INSERT INTO alert_change (alert_id, department_id, what, by, note, detail, key, revision)
SELECT a.id, a.department_id, $2::text, $3::text, $4::text, $5::text::jsonb, $6::text, a.revision
FROM alert AS a
WHERE a.id = any($1::uuid[])
ORDER BY a.id
