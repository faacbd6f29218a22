-- All versions of a fence ($1), the newest first; who, when and why.
SELECT v.version, lower(v.in_force) AS valid_from, upper(v.in_force) AS valid_until,
       CASE WHEN isempty(v.in_force) THEN 'taken_back' WHEN v.in_force @> c.now THEN 'in_force'
            WHEN lower(v.in_force) > c.now THEN 'planned' ELSE 'ended' END AS state,
       v.made_at, v.made_by, v.why, v.ended_by, v.ended_why, v.definition,
       ST_AsGeoJSON(v.geom, 7)::jsonb AS geometry
FROM fence_version AS v
CROSS JOIN (SELECT milepost_now() AS now) AS c
WHERE v.fence_id = $1
ORDER BY v.version DESC
