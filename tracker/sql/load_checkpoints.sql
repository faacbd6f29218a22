SELECT k.vehicle_id, k.at, k.state
FROM unnest($1::integer[], $2::timestamptz[]) AS w (vehicle_id, at)
JOIN motion_checkpoint AS k ON k.vehicle_id = w.vehicle_id AND k.at = w.at
