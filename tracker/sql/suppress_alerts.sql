UPDATE alert AS a SET suppressed = a.suppressed + s.more, feed = $3, n = $4
FROM unnest($1::uuid[], $2::integer[]) AS s (id, more)
WHERE a.id = s.id
