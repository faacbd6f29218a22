SELECT a.id, r.ref AS rule, v.ref AS vehicle, f.ref AS fence, a.event_id, a.state, a.suppressed, e.at,
       e.cause
FROM alert AS a
JOIN event AS e ON e.id = a.event_id
JOIN rule AS r ON r.id = a.rule_id
JOIN vehicle AS v ON v.id = a.vehicle_id
LEFT JOIN fence AS f ON f.id = a.fence_id
ORDER BY e.at, r.ref, v.ref
