-- Which of these fixes are stored already; $3, $4 are the bounds of $2.
SELECT k.vehicle_id, k.fixed_at
FROM unnest($1::integer[], $2::timestamptz[]) AS k (vehicle_id, fixed_at)
JOIN fix AS f ON f.vehicle_id = k.vehicle_id AND f.fixed_at = k.fixed_at
WHERE f.fixed_at BETWEEN $3 AND $4
