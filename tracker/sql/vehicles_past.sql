-- Vehicles with fixes from before their department's cutoff, and the oldest of them. Through the
-- primary key of each partition: no partition is read whole.
SELECT * FROM (
    SELECT v.id AS vehicle_id, v.department_id, c.cutoff,
           (SELECT f.fixed_at FROM fix AS f
            WHERE f.vehicle_id = v.id AND f.fixed_at < c.cutoff
            ORDER BY f.fixed_at LIMIT 1) AS oldest
    FROM vehicle AS v
    JOIN unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff) USING (department_id)
) AS found
WHERE oldest IS NOT NULL
ORDER BY oldest
