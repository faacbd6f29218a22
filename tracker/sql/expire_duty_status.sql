-- History only: the newest status of a vehicle holds, however old it is.
WITH old AS (
    SELECT s.vehicle_id, s.since
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN duty_status AS s ON s.department_id = c.department_id AND s.since < c.cutoff
    JOIN LATERAL (
        SELECT n.since FROM duty_status AS n
        WHERE n.vehicle_id = s.vehicle_id AND n.since > s.since ORDER BY n.since LIMIT 1
    ) AS next ON next.since < c.cutoff
    WHERE NOT is_held(s.department_id, s.vehicle_id, s.since, next.since)
    LIMIT $3
), gone AS (
    DELETE FROM duty_status AS s USING old
    WHERE s.vehicle_id = old.vehicle_id AND s.since = old.since RETURNING s.department_id
)
SELECT 'duty_status' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
