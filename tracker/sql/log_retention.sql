-- Adds to the line of a run (one a kind, partition and department).
WITH known AS (
    UPDATE retention_log SET rows = rows + $5, at = milepost_now()
    WHERE run_id = $1 AND what = $2 AND partition IS NOT DISTINCT FROM $3
      AND department_id IS NOT DISTINCT FROM $4
    RETURNING 1
)
INSERT INTO retention_log (run_id, what, partition, department_id, rows)
SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM known)
