SELECT f.fence_id, p.ref || '/' || n.ref AS full_ref, f.department_id, f.version,
       ST_AsBinary(f.geom) AS shape, lower(f.in_force) AS starts, upper(f.in_force) AS ends
FROM fence_version AS f
JOIN fence AS n ON n.id = f.fence_id
JOIN department AS p ON p.id = f.department_id
WHERE ($1::integer IS NULL OR p.shard = $1) AND NOT isempty(f.in_force)
ORDER BY f.fence_id, f.version
