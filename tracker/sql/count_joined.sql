-- How many valid events stand behind each of these alerts now.
UPDATE alert AS a SET
    suppressed = c.suppressed, last_event_at = c.last_event_at, revision = a.revision + 1,
    feed = $2::integer, n = $3::bigint
FROM (
    SELECT b.id, count(e.id)::integer AS suppressed, max(e.at) AS last_event_at
    FROM alert AS b
    LEFT JOIN alert_event AS k ON k.alert_id = b.id AND k.event_id <> b.event_id
    LEFT JOIN event AS e ON e.id = k.event_id AND e.status = 'valid'
    WHERE b.id = any($1::uuid[])
    GROUP BY b.id
) AS c
WHERE a.id = c.id AND a.suppressed <> c.suppressed
