-- Parts that a commit has dealt with. When their department has gone to another shard meanwhile, a
-- part without a receipt was left alone: it stays for that one.
DELETE FROM import_part AS i
USING department AS p
WHERE p.id = i.department_id AND i.id = ANY($1)
  AND (p.shard = $2 OR EXISTS (
      SELECT FROM receipt AS r
      WHERE r.device_id = i.device_id AND r.boot = i.boot AND r.dealt @> i.seq))
