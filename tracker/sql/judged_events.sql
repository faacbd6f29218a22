SELECT e.id, e.kind, v.ref AS vehicle, f.ref AS fence, e.fence_version, e.at, e.time, e.not_before,
       e.not_after, e.interpolated, e.gap, e.late, e.cause, e.amends, e.status, e.max_kmh, e.length_s,
       e.ended_at, e.lowest, e.highest,
       false AS simulated
FROM event AS e
JOIN vehicle AS v ON v.id = e.vehicle_id
LEFT JOIN fence AS f ON f.id = e.fence_id
