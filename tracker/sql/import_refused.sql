-- What of a file is refused and kept, by reason. Where the whole part is kept, for an edit of the
-- registry may cure it, its fixes are counted that the reason holds for.
SELECT r.reason, sum(CASE
    WHEN r.reason = 'clock' THEN (
        SELECT count(*) FROM jsonb_array_elements(p.said) AS f
        WHERE (f ->> 't')::timestamptz < d.accept_from
           OR (f ->> 't')::timestamptz > r.received_at + interval '1 minute')
    WHEN r.reason = 'unassigned' THEN (
        SELECT count(*) FROM jsonb_array_elements(p.said) AS f
        WHERE NOT EXISTS (SELECT FROM device_assignment AS a
                          WHERE a.device_id = d.id AND a.during @> (f ->> 't')::timestamptz))
    ELSE 1 END)::bigint AS count
FROM reject AS r
JOIN device AS d ON d.id = r.device_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.reason IN ('clock', 'unassigned')
           THEN convert_from(r.raw, 'UTF8')::jsonb -> 'fixes' END AS said) AS p
WHERE r.device_id = :device_id AND r.boot = :boot AND r.replayed_at IS NULL
GROUP BY r.reason
ORDER BY r.reason
