-- The valid events of vehicles after a time and up to another; those that only live positions made
-- no past disproves.
SELECT e.id, e.vehicle_id, e.fence_id, e.kind, e.not_before, e.not_after, e.interpolated, e.rule_id,
       e.max_kmh, e.length_s, e.ended_at, e.lowest, e.highest
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, after, until)
JOIN event AS e ON e.vehicle_id = w.vehicle_id
WHERE e.status = 'valid' AND e.kind <> 'proximity' AND e.at > w.after AND e.at <= w.until
ORDER BY e.at
