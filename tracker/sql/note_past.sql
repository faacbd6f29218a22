-- Only added: the worker takes the rows away, and no commit waits for it.
INSERT INTO past_change (vehicle_id, from_at, to_at)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[])
