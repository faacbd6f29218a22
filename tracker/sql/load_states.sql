SELECT l.vehicle_id, l.department_id, l.fixed_at, l.lon, l.lat,
       coalesce(s.inside, '{}') AS inside, coalesce(s.judged_at, l.fixed_at) AS judged_at
FROM latest AS l
JOIN department AS p ON p.id = l.department_id
LEFT JOIN fence_state AS s USING (vehicle_id)
WHERE p.shard = $1
