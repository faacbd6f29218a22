SELECT v.ref AS vehicle, f.fixed_at
FROM fix AS f JOIN vehicle AS v ON v.id = f.vehicle_id
WHERE f.implausible AND f.fixed_at BETWEEN '0001-01-01Z' AND '9999-01-01Z'
ORDER BY f.fixed_at
