-- Parts of files to be imported for devices of the shard's departments, oldest first.
SELECT i.id, p.ref AS department_ref, d.ref AS device_ref, i.boot, i.seq, i.source, i.payload,
       i.asked_at
FROM import_part AS i
JOIN device AS d ON d.id = i.device_id
JOIN department AS p ON p.id = i.department_id
WHERE p.shard = $2
ORDER BY i.id
LIMIT $1
