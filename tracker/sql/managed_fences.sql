-- Fences as managed things: each with the version that is in force now, else the one planned next, else
-- the last ($1 department_id, $2 ref: NULL for any).
SELECT p.ref || '/' || f.ref AS fence, p.ref AS department, f.ref, f.name, f.description, f.kind,
       f.revision, f.managed_by, f.shared_from, f.id,
       v.version, v.definition, v.made_at, v.made_by, v.why,
       lower(v.in_force) AS valid_from, upper(v.in_force) AS valid_until,
       CASE WHEN v.in_force @> c.now THEN 'in_force' WHEN lower(v.in_force) > c.now THEN 'planned'
            ELSE 'ended' END AS state,
       ST_AsGeoJSON(v.geom, 7)::jsonb AS geometry
FROM fence AS f
JOIN department AS p ON p.id = f.department_id
CROSS JOIN (SELECT milepost_now() AS now) AS c
JOIN LATERAL (
    SELECT * FROM fence_version AS each
    WHERE each.fence_id = f.id
    ORDER BY each.in_force @> c.now DESC,
             CASE WHEN lower(each.in_force) > c.now THEN lower(each.in_force) END NULLS LAST,
             each.version DESC
    LIMIT 1
) AS v ON true
WHERE ($1::integer IS NULL OR f.department_id = $1) AND ($2::text IS NULL OR f.ref = $2)
  AND ($3::text IS NULL OR $3 = CASE WHEN v.in_force @> c.now THEN 'in_force'
                                     WHEN lower(v.in_force) > c.now THEN 'planned' ELSE 'ended' END)
  AND ($4::text IS NULL OR (p.ref, f.ref) > ($4, $5::text))
ORDER BY p.ref, f.ref
LIMIT $6
