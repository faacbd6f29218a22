SELECT p.name AS department, r.on_kinds, r.severity, coalesce(f.name, g.name) AS fence, r."window",
       r.dwell_s, r.limit_kmh, r.cooldown_s, r.outside, r.silent_s, r.sensor, r.for_s, r.radius_m,
       i.time_zone AS zone,
       (SELECT array_agg(ref ORDER BY ref) FROM (
            SELECT ref FROM vehicle WHERE id = any(r.vehicle_ids)
            UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.vehicle_group_ids)
        ) AS v) AS vehicles,
       (SELECT array_agg(ref ORDER BY ref) FROM (
            SELECT ref FROM vehicle WHERE id = any(r.other_vehicle_ids)
            UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.other_vehicle_group_ids)
        ) AS v) AS others
FROM rule AS r
JOIN department AS p ON p.id = r.department_id
CROSS JOIN installation AS i
LEFT JOIN fence AS f ON f.id = r.fence_id
LEFT JOIN fence_group AS g ON g.id = r.fence_group_id
WHERE p.ref = :department AND r.ref = :rule
