-- Which valid events tell that a vehicle was near another in a time of which nothing is to be known.
SELECT e.id
FROM event AS e
JOIN vehicle AS v ON v.id = $1::integer AND v.department_id = e.department_id
WHERE e.kind = 'proximity' AND e.status = 'valid' AND v.id IN (e.vehicle_id, e.other_vehicle_id)
  AND e.at <= $3::timestamptz AND coalesce(e.ended_at, e.at) >= $2::timestamptz
