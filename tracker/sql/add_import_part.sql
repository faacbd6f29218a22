-- A part that waits already, or whose number is dealt with, is left alone.
INSERT INTO import_part (department_id, device_id, boot, seq, source, payload, asked_at)
SELECT d.department_id, d.id, :boot, :seq, :source, :payload, :asked_at
FROM device AS d
WHERE d.id = :device_id
  AND NOT EXISTS (SELECT FROM receipt AS r
                  WHERE r.device_id = d.id AND r.boot = :boot AND r.dealt @> CAST(:seq AS bigint))
ON CONFLICT (device_id, boot, seq) DO NOTHING
