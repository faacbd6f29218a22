SELECT w.vehicle_id, w.department_id, w.first_at, w.last_at, w.late
FROM past_work AS w
JOIN department AS p ON p.id = w.department_id
WHERE p.shard = $1
ORDER BY w.queued_at, w.vehicle_id
