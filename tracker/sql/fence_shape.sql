-- The shape of a fence's version ($1 full ref, $2): as it was given, and as GeoJSON.
SELECT v.definition, ST_AsGeoJSON(v.geom, 6)::jsonb AS shape
FROM fence_version AS v
JOIN fence AS f ON f.id = v.fence_id
JOIN department AS p ON p.id = f.department_id
WHERE p.ref || '/' || f.ref = $1 AND v.version = $2
