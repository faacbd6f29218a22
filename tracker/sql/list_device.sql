SELECT p.ref || '/' || d.ref AS device, p.ref || '/' || v.ref AS vehicle,
       lower(a.during)::text AS since, d.accept_from::text AS accept_from,
       d.password_hash IS NOT NULL AS has_password, d.retired_at::text AS retired_at, d.mmsi,
       CASE s.online WHEN true THEN 'online' WHEN false THEN 'offline' END AS state
FROM device AS d
JOIN department AS p ON p.id = d.department_id
LEFT JOIN device_assignment AS a ON a.device_id = d.id AND a.during @> milepost_now()
LEFT JOIN vehicle AS v ON v.id = a.vehicle_id
LEFT JOIN device_state AS s ON s.device_id = d.id
ORDER BY 1
