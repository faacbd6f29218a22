-- From which fix on the track of a vehicle stands in `fix` only: where the worker has not been, or must
-- go again since its past changed. Of the department $2 (NULL: any), those with something open before
-- $1; NULL: from the beginning on.
-- A changed past counts also where `latest` has no row, or shows none: of a vehicle whose fixes were
-- erased, and of one that is private now. Its chunks may hold what is there no more.
-- For a changed past it is the last fix before the change, looked for as far back as a gap; else just
-- before it, for what stood at that time may be gone.
-- Two arrays of one length: less than half the time of as many rows.
WITH open AS MATERIALIZED (
    SELECT v.id AS vehicle_id, m.worked_to, p.from_at AS changed_at,
           greatest(300, 3 * v.moving_interval_s, 3 * v.stopped_interval_s) * interval '1 second' AS gap
    FROM vehicle AS v
    LEFT JOIN latest AS l ON l.vehicle_id = v.id
    LEFT JOIN motion_cursor AS m ON m.vehicle_id = v.id
    LEFT JOIN changed_pasts() AS p ON p.vehicle_id = v.id
    WHERE (l.fixed_at > coalesce(m.worked_to, '-infinity') OR p.from_at IS NOT NULL)
      AND coalesce(least(m.worked_to, p.from_at), '-infinity') < $1::timestamptz
      AND ($2::integer IS NULL OR v.department_id = $2::integer)
), begun AS (
    SELECT o.vehicle_id, o.worked_to AS begins_at
    FROM open AS o
    WHERE o.changed_at IS NULL
    UNION ALL
    SELECT o.vehicle_id, least(o.worked_to, coalesce(before.fixed_at, o.changed_at - interval '1 millisecond'))
    FROM open AS o
    LEFT JOIN LATERAL (
        SELECT f.fixed_at
        FROM fix AS f
        WHERE f.vehicle_id = o.vehicle_id AND NOT f.implausible
          AND f.fixed_at < o.changed_at AND f.fixed_at >= o.changed_at - o.gap
        ORDER BY f.fixed_at DESC
        LIMIT 1
    ) AS before ON true
    WHERE o.changed_at IS NOT NULL
    UNION ALL
    -- Whose chunks are others': what was granted of them is not cut where chunks are.
    SELECT v.id, NULL FROM seen_vehicle AS v WHERE v.granted = 'position' AND $2::integer IS NULL
)
SELECT array_agg(vehicle_id) AS vehicle_ids, array_agg(begins_at) AS begin_at
FROM begun
