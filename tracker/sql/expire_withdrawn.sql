-- Events that an erasure of private positions withdrew a day ago or longer: whoever was told of
-- them has been told of the withdrawal, and where the vehicle was is not kept.
WITH old AS (
    SELECT e.id
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN private_interval AS p ON p.department_id = c.department_id
        AND p.applied_at < greatest(c.cutoff, milepost_now() - interval '1 day')
    JOIN event AS e ON e.vehicle_id = p.vehicle_id AND e.at >= p.starts_at AND e.at < p.ends_at
    WHERE e.status = 'withdrawn'
      AND NOT is_held(e.department_id, e.vehicle_id, least(e.at, e.not_before), greatest(e.at, e.not_after))
    LIMIT $3
), old_alert AS (
    SELECT a.id FROM alert AS a JOIN old ON a.event_id = old.id
), changes AS (
    DELETE FROM alert_change AS c USING old_alert AS o WHERE c.alert_id = o.id
), joined AS (
    DELETE FROM alert_event AS k
    WHERE k.alert_id IN (SELECT id FROM old_alert) OR k.event_id IN (SELECT id FROM old)
), alerts AS (
    DELETE FROM alert AS a USING old_alert AS o WHERE a.id = o.id RETURNING a.department_id
), events AS (
    DELETE FROM event AS e USING old WHERE e.id = old.id RETURNING e.department_id
)
SELECT 'alert' AS what, department_id, count(*) AS rows FROM alerts GROUP BY 2
UNION ALL
SELECT 'event', department_id, count(*) FROM events GROUP BY 2
