SELECT n.day, coalesce(p.ref || '/' || d.ref, n.sender) AS sender, n.refused,
       n.refused - CAST(:kept AS bigint) AS only_counted
FROM reject_day AS n
LEFT JOIN device AS d ON n.sender = 'device:' || d.id
LEFT JOIN department AS p ON p.id = d.department_id
WHERE n.refused > :kept
  AND (CAST(:device AS text) IS NULL OR p.ref || '/' || d.ref = :device
       OR n.sender = :stranger)
  AND (CAST(:since AS timestamptz) IS NULL OR n.day >= CAST(:since AS timestamptz)::date)
ORDER BY n.day, sender
