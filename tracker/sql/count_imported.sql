-- Fixes of a device that came since then: those of a file, when nothing else of its time came.
SELECT count(*)
FROM fix AS f
WHERE f.vehicle_id IN (SELECT a.vehicle_id FROM device_assignment AS a WHERE a.device_id = :device_id)
  AND f.fixed_at >= :first AND f.fixed_at <= :last
  AND f.device_id = :device_id AND f.received_at >= :since
