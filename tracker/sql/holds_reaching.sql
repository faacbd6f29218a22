-- The holds in force that reach into a span, and on whom.
SELECT h.id, p.ref || coalesce('/' || v.ref, '') AS on, h.reason, h.placed_by
FROM legal_hold AS h
JOIN department AS p ON p.id = h.department_id
LEFT JOIN vehicle AS v ON v.id = h.vehicle_id
WHERE h.lifted_at IS NULL AND h.during && tstzrange($1::timestamptz, $2::timestamptz)
ORDER BY h.id
