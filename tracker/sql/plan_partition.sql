-- Of one partition's span the rows of each department; how many are past its cutoff and not held, and
-- how many are past and held.
SELECT p.ref AS department, count(*) AS rows,
       count(*) FILTER (WHERE f.fixed_at < c.cutoff
                          AND NOT is_held(f.department_id, f.vehicle_id, f.fixed_at, f.fixed_at)) AS going,
       count(*) FILTER (WHERE f.fixed_at < c.cutoff
                          AND is_held(f.department_id, f.vehicle_id, f.fixed_at, f.fixed_at)) AS held
FROM fix AS f
JOIN unnest($3::integer[], $4::timestamptz[]) AS c (department_id, cutoff) USING (department_id)
JOIN department AS p ON p.id = f.department_id
WHERE f.fixed_at >= $1 AND f.fixed_at < $2
GROUP BY p.ref
ORDER BY p.ref
