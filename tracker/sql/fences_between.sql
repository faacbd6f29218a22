-- Every shape that was in force at any time of the window [$1, $2); of the department $3 (NULL: any).
SELECT p.ref || '/' || f.ref AS fence, f.name, f.kind, v.version,
       lower(v.in_force) AS valid_from, upper(v.in_force) AS valid_until,
       ST_AsGeoJSON(v.geom, 7)::jsonb AS geometry
FROM fence_version AS v
JOIN fence AS f ON f.id = v.fence_id
JOIN department AS p ON p.id = f.department_id
WHERE v.in_force && tstzrange($1::timestamptz, $2::timestamptz)
  AND ($3::integer IS NULL OR f.department_id = $3::integer)
ORDER BY p.ref, f.ref, v.version
LIMIT $4::bigint
