-- Which alerts have to do with a window [$1, $2): their event lies in it, or they stood in it and were
-- not opened before $3. Of the vehicles $4 and the department $5 (NULL: any), the newest $6. An alert
-- on trial is nobody's.
SELECT a.id
FROM (
    SELECT e.id FROM seen_event AS e WHERE e.at >= $1::timestamptz AND e.at < $2::timestamptz
) AS within
JOIN seen_alert AS a ON a.event_id = within.id
WHERE NOT a.shadow AND ($4::integer[] IS NULL OR a.vehicle_id = any($4::integer[]))
  AND ($5::integer IS NULL OR a.department_id = $5::integer)
UNION
(
    SELECT a.id
    FROM seen_alert AS a
    WHERE a.opened_at >= $3::timestamptz AND a.opened_at < $2::timestamptz
      AND (a.closed_at IS NULL OR a.closed_at >= $1::timestamptz)
      AND NOT a.shadow AND ($4::integer[] IS NULL OR a.vehicle_id = any($4::integer[]))
      AND ($5::integer IS NULL OR a.department_id = $5::integer)
    ORDER BY a.opened_at DESC
    LIMIT $6::bigint
)
LIMIT $6::bigint
