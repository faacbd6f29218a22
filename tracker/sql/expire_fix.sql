-- A bounded number of one vehicle's fixes of a department ($2), $3 <= fixed_at < $4, the oldest
-- first, none of them held.
WITH old AS (
    SELECT vehicle_id, fixed_at FROM fix
    WHERE vehicle_id = $1 AND department_id = $2 AND fixed_at >= $3 AND fixed_at < $4
      AND NOT is_held(department_id, vehicle_id, fixed_at, fixed_at)
    ORDER BY fixed_at LIMIT $5
), gone AS (
    DELETE FROM fix AS f USING old
    WHERE f.vehicle_id = $1 AND f.fixed_at = old.fixed_at AND f.fixed_at >= $3 AND f.fixed_at < $4
    RETURNING f.fixed_at
)
SELECT count(*) AS rows, max(fixed_at) AS newest FROM gone
