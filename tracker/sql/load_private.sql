-- Private times of a shard ($1; NULL: of all) that end after $2, or all of those vehicles ($3).
SELECT p.vehicle_id, p.keeps, (extract(epoch FROM p.starts_at) * 1000)::bigint AS starts_ms,
       (extract(epoch FROM nullif(p.ends_at, 'infinity')) * 1000)::bigint AS ends_ms
FROM private_interval AS p
JOIN department AS d ON d.id = p.department_id
WHERE ($1::integer IS NULL OR d.shard = $1)
  AND ($2::timestamptz IS NULL OR p.ends_at > $2)
  AND ($3::integer[] IS NULL OR p.vehicle_id = any($3))
