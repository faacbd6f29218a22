-- What was declared and may be stored still. Most was declared for now and has nothing stored.
SELECT p.id, p.vehicle_id, p.department_id, p.keeps
FROM private_interval AS p
JOIN department AS d ON d.id = p.department_id
WHERE p.applied_at IS NULL AND ($1::integer IS NULL OR d.shard = $1)
ORDER BY p.id
