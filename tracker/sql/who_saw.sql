-- Every read on a day ($2, in the installation's zone) that showed a vehicle ($1), or may have: it was
-- named, or was one of the scope. A live view, tiles and polled positions have one row a session, scope
-- and day: a vehicle registered later on that day came into it. A retired one is in history alone. Of the
-- departments that are in a scope by grants alone, its definition names the vehicles.
SELECT a.day, a.n, a.at, a.who, a.label, a.what, a.department_ids, a.vehicle_ids, a.since, a.until,
       a.purpose, a.path, a.trace_id, a.address, a.detail, a.scope, s.definition
FROM audit AS a
JOIN vehicle AS v ON v.id = $1::integer
JOIN department AS d ON d.id = v.department_id
LEFT JOIN audit_scope AS s ON s.hash = a.scope
WHERE a.day = $2::date AND a.what !~ '\.(insert|update|delete)$'
  AND (
      a.vehicle_ids @> ARRAY[v.id]
      OR (
          a.scope IS NOT NULL AND a.department_ids @> ARRAY[v.department_id]
          AND (NOT s.definition ? 'granted' OR s.definition -> 'departments' ? d.ref
               OR s.definition -> 'granted' ? (d.ref || '/' || v.ref))
          AND v.created_at < ($2::date + 1)::timestamp AT TIME ZONE (SELECT time_zone FROM installation)
          AND (a.since IS NOT NULL OR v.retired_at IS NULL OR v.retired_at > a.at)
      )
  )
ORDER BY a.n
