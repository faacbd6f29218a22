-- The ends of the chains that no head signs yet: those of the last days, for the worker may have been away.
SELECT DISTINCT ON (a.day) a.day, a.n, a.hash
FROM audit AS a
WHERE a.day >= (SELECT coalesce(max(day), '-infinity') FROM audit_head)
  AND NOT EXISTS (SELECT FROM audit_head AS h WHERE h.day = a.day AND h.n >= a.n)
ORDER BY a.day, a.n DESC
