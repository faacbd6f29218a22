SELECT a.device_id, a.vehicle_id, lower(a.during) AS starts, upper(a.during) AS ends
FROM device_assignment AS a
ORDER BY a.device_id, lower(a.during) NULLS FIRST
