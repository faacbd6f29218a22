-- What was made of fixes: each goes when its end is past, an open stop when its vehicle's last fix is.
-- The odometer stays: it tells no place.
WITH c AS MATERIALIZED (
    SELECT * FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
), old_motion_checkpoint AS (
    SELECT m.ctid FROM c JOIN motion_checkpoint AS m USING (department_id)
    WHERE m.at < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.at, m.at)
    LIMIT $3
), gone_motion_checkpoint AS (
    DELETE FROM motion_checkpoint AS m USING old_motion_checkpoint AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_track_chunk AS (
    SELECT m.ctid FROM c JOIN track_chunk AS m USING (department_id)
    WHERE m.ended_at < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.started_at, m.ended_at)
    LIMIT $3
), gone_track_chunk AS (
    DELETE FROM track_chunk AS m USING old_track_chunk AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_trip AS (
    SELECT m.ctid FROM c JOIN trip AS m USING (department_id)
    WHERE m.ended_at < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.started_at, m.ended_at)
    LIMIT $3
), gone_trip AS (
    DELETE FROM trip AS m USING old_trip AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_stop AS (
    SELECT m.ctid FROM c JOIN stop AS m USING (department_id)
    LEFT JOIN motion_cursor AS u ON u.vehicle_id = m.vehicle_id
    WHERE m.started_at < c.cutoff AND coalesce(m.ended_at, u.worked_to, m.started_at) < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.started_at, coalesce(m.ended_at, c.cutoff))
    LIMIT $3
), gone_stop AS (
    DELETE FROM stop AS m USING old_stop AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_gap AS (
    SELECT m.ctid FROM c JOIN gap AS m USING (department_id)
    WHERE m.ended_at < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.started_at, m.ended_at)
    LIMIT $3
), gone_gap AS (
    DELETE FROM gap AS m USING old_gap AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_vehicle_day AS (
    SELECT m.ctid FROM c JOIN vehicle_day AS m USING (department_id)
    WHERE m.day + 1 < c.cutoff::date AND NOT is_held(m.department_id, m.vehicle_id, m.day, m.day + 1)
    LIMIT $3
), gone_vehicle_day AS (
    DELETE FROM vehicle_day AS m USING old_vehicle_day AS o WHERE m.ctid = o.ctid RETURNING m.department_id
), old_motion_cursor AS (
    SELECT m.ctid FROM c JOIN motion_cursor AS m USING (department_id)
    WHERE m.worked_to < c.cutoff AND NOT is_held(m.department_id, m.vehicle_id, m.worked_to, m.worked_to)
    LIMIT $3
), gone_motion_cursor AS (
    DELETE FROM motion_cursor AS m USING old_motion_cursor AS o WHERE m.ctid = o.ctid RETURNING m.department_id
)
SELECT 'motion_checkpoint' AS what, department_id, count(*) AS rows FROM gone_motion_checkpoint GROUP BY 2
UNION ALL
SELECT 'track_chunk' AS what, department_id, count(*) AS rows FROM gone_track_chunk GROUP BY 2
UNION ALL
SELECT 'trip' AS what, department_id, count(*) AS rows FROM gone_trip GROUP BY 2
UNION ALL
SELECT 'stop' AS what, department_id, count(*) AS rows FROM gone_stop GROUP BY 2
UNION ALL
SELECT 'gap' AS what, department_id, count(*) AS rows FROM gone_gap GROUP BY 2
UNION ALL
SELECT 'vehicle_day' AS what, department_id, count(*) AS rows FROM gone_vehicle_day GROUP BY 2
UNION ALL
SELECT 'motion_cursor' AS what, department_id, count(*) AS rows FROM gone_motion_cursor GROUP BY 2
