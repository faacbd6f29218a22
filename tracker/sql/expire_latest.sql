-- Vehicles unheard for so long that even their latest position is past. The caller has locked the
-- feeds, as each commit does; a new token makes the shard's writer read anew what is left.
WITH old AS (
    SELECT l.vehicle_id, p.shard
    FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN latest AS l ON l.department_id = c.department_id AND l.fixed_at < c.cutoff
    JOIN department AS p ON p.id = l.department_id
    WHERE NOT is_held(l.department_id, l.vehicle_id, l.fixed_at, l.fixed_at)
    LIMIT $3
), shut_out AS (
    UPDATE feed SET token = token + 1, n = n + 1, holder = NULL, since = milepost_now()
    WHERE id IN (SELECT shard FROM old)
), states AS (
    DELETE FROM fence_state AS s USING old WHERE s.vehicle_id = old.vehicle_id
), gone AS (
    DELETE FROM latest AS l USING old WHERE l.vehicle_id = old.vehicle_id RETURNING l.department_id
)
SELECT 'latest' AS what, department_id, count(*) AS rows FROM gone GROUP BY 2
