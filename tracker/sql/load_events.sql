-- The valid events on the ways between the fixes of a window; `first` None: from the beginning.
-- A change of a fence at the very time of a fix comes after the fix.
SELECT e.id, e.vehicle_id, e.fence_id, e.kind, e.not_before, e.not_after, e.interpolated
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, first, last)
JOIN event AS e ON e.vehicle_id = w.vehicle_id
WHERE e.status = 'valid'
  AND (w.first IS NULL OR e.at > w.first
       OR (e.at = w.first AND e.cause IN ('fence_created', 'fence_edit', 'fence_deleted')))
  AND (e.at < w.last
       OR (e.at = w.last
           AND e.cause IS DISTINCT FROM 'fence_created'
           AND e.cause IS DISTINCT FROM 'fence_edit'
           AND e.cause IS DISTINCT FROM 'fence_deleted'))
ORDER BY e.at
