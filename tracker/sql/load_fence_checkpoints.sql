-- For each vehicle the last checkpoint before a time, and all those after it, in order.
SELECT w.vehicle_id, c.fixed_at, c.state
FROM unnest($1::integer[], $2::timestamptz[]) AS w (vehicle_id, first)
JOIN checkpoint AS c ON c.vehicle_id = w.vehicle_id
WHERE c.fixed_at >= coalesce(
    (SELECT max(fixed_at) FROM checkpoint WHERE vehicle_id = w.vehicle_id AND fixed_at < w.first),
    w.first
)
ORDER BY w.vehicle_id, c.fixed_at
