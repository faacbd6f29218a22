-- Which vehicles moved after a vector cursor (as in stream_events.sql; within a commit by vehicle), and the
-- heads of all feeds, in one snapshot. Feed -1 is of blurred ones (sharing.sql): ten minutes are told half
-- a minute after their end, when every commit that was begun within them is over; a clock that goes back
-- takes nothing back.
WITH seen AS MATERIALIZED (
    SELECT f.id, greatest(f.n, CASE WHEN f.id < 0 THEN c.n END) AS head, coalesce(c.n, -1) AS n,
           coalesce(c.sub, 0) AS sub
    FROM (
        SELECT id, n FROM feed
        UNION ALL SELECT -1, extract(epoch FROM coarse(milepost_now() - interval '30 seconds'))::bigint
    ) AS f
    LEFT JOIN unnest($1::integer[], $2::bigint[], $3::bigint[]) AS c (id, n, sub) ON c.id = f.id
), found AS (
    SELECT l.vehicle_id AS sub, l.feed, l.n, d.ref AS department, v.ref, v.name, l.fixed_at,
           l.received_at, l.lon, l.lat, l.speed_mps,
           coalesce(l.heading_deg, l.course_deg) AS direction_deg, l.ignition, v.granted
    FROM seen AS s
    JOIN seen_latest AS l ON l.feed = s.id AND (l.n, l.vehicle_id) > (s.n, s.sub) AND l.n <= s.head
    JOIN seen_vehicle AS v ON v.id = l.vehicle_id
    JOIN department AS d ON d.id = l.department_id
    WHERE cardinality($1::integer[]) > 0 AND v.retired_at IS NULL
    ORDER BY l.feed, l.n, l.vehicle_id
    LIMIT $4
)
SELECT i.feed_epoch AS epoch, milepost_now() AS now,
       (SELECT array_agg(id ORDER BY id) FROM seen) AS feeds,
       (SELECT array_agg(head ORDER BY id) FROM seen) AS heads,
       found.*
FROM installation AS i
LEFT JOIN found ON true
ORDER BY found.feed, found.n, found.sub
