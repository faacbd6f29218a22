-- The heads of a stretch of the chain: behind ($1, $2), up to ($3, $4).
SELECT day, n, hash, signature FROM audit_head
WHERE (day, n) > ($1::date, $2::bigint) AND (day, n) <= ($3::date, $4::bigint)
ORDER BY day, n
