-- What late fixes made untrue.
DELETE FROM checkpoint AS c
USING unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, after, before)
WHERE c.vehicle_id = w.vehicle_id AND c.fixed_at > w.after AND c.fixed_at < w.before
