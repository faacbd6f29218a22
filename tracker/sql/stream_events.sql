-- What was told after a vector cursor (feeds $1, their numbers $2, and how far within that number's commit
-- $3): at most $4 rows of types that match one of $5, and the heads of all feeds: ONE statement, so one
-- snapshot, and no row hides between the two (law 3). Within a feed numbers of rows grow as its own do.
WITH seen AS MATERIALIZED (
    SELECT f.id, f.n AS head, coalesce(c.n, -1) AS n, coalesce(c.sub, 0) AS sub
    FROM feed AS f
    LEFT JOIN unnest($1::integer[], $2::bigint[], $3::bigint[]) AS c (id, n, sub) ON c.id = f.id
), told AS (
    SELECT o.id AS sub, o.feed, o.n, o.type, o.event_id, o.revision,
           -- Which other vehicle was near is told to whoever sees that one: a contractor may not.
           CASE WHEN o.body ->> 'other' IS NULL OR EXISTS (
               SELECT FROM vehicle AS v JOIN department AS d ON d.id = v.department_id
               WHERE d.id = o.department_id AND d.ref || '/' || v.ref = o.body ->> 'other'
           ) THEN o.body ELSE o.body || '{"other": null, "other_name": null}' END AS body,
           o.created_at, o.department_id
    FROM seen AS s
    JOIN outbox AS o ON o.feed = s.id AND (o.n, o.id) > (s.n, s.sub)
    WHERE cardinality($1::integer[]) > 0 AND o.type LIKE ANY ($5::text[])
    UNION ALL
    SELECT g.*
    FROM (SELECT array_agg(id) AS ids, array_agg(n) AS ns, array_agg(sub) AS subs FROM seen) AS s
    CROSS JOIN LATERAL granted_tellings(s.ids, s.ns, s.subs, $5::text[], $4) AS g
    WHERE cardinality($1::integer[]) > 0
), found AS (
    SELECT t.*, d.ref AS department
    FROM told AS t
    JOIN department AS d ON d.id = t.department_id
    ORDER BY t.sub
    LIMIT $4
)
SELECT i.feed_epoch AS epoch, milepost_now() AS now,
       (SELECT array_agg(id ORDER BY id) FROM seen) AS feeds,
       (SELECT array_agg(head ORDER BY id) FROM seen) AS heads,
       found.*
FROM installation AS i
LEFT JOIN found ON true
ORDER BY found.sub
