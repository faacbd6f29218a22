-- Valid events that tell that a vehicle was near another, of a private time ($1) of either.
SELECT e.id
FROM private_interval AS i
JOIN event AS e ON e.department_id = i.department_id AND e.kind = 'proximity' AND e.status = 'valid'
    AND i.vehicle_id IN (e.vehicle_id, e.other_vehicle_id)
    AND e.at < coalesce(i.ends_at, 'infinity') AND coalesce(e.ended_at, e.at) >= i.starts_at
WHERE i.id = $1
