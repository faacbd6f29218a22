SELECT d.id, d.department_id, p.ref AS department_ref, d.ref, d.accept_from, d.rollover, d.mmsi, p.shard
FROM device AS d
JOIN department AS p ON p.id = d.department_id
WHERE d.retired_at IS NULL
