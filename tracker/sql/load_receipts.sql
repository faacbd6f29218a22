SELECT r.device_id, r.boot, r.dealt, r.refused, r.suppressed
FROM receipt AS r
JOIN unnest($1::integer[], $2::text[]) AS k (device_id, boot) USING (device_id, boot)
