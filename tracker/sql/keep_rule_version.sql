-- Keeps what a rule ($1) says now as its next version, where that is something else than its newest one
-- says; made by $2, because of $3.
WITH said AS (
    SELECT r.id, r.department_id, jsonb_build_object(
               'name', r.name, 'on', r.on_kinds, 'fence', coalesce(f.ref, g.ref), 'outside', r.outside,
               'vehicles', coalesce((SELECT jsonb_agg(n.ref ORDER BY n.ref) FROM (
                   SELECT ref FROM vehicle WHERE id = any(r.vehicle_ids)
                   UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.vehicle_group_ids)
               ) AS n), '[]'),
               'window', r."window", 'dwell_s', r.dwell_s, 'limit_kmh', r.limit_kmh, 'silent_s', r.silent_s,
               'sensor', r.sensor, 'for_s', r.for_s, 'radius_m', r.radius_m,
               'near', coalesce((SELECT jsonb_agg(n.ref ORDER BY n.ref) FROM (
                   SELECT ref FROM vehicle WHERE id = any(r.other_vehicle_ids)
                   UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.other_vehicle_group_ids)
               ) AS n), '[]'),
               'cooldown_s', r.cooldown_s, 'escalate_after_s', r.escalate_after_s,
               'severity', r.severity, 'shadow', r.shadow, 'off', r.disabled_at IS NOT NULL
           ) AS terms
    FROM rule AS r
    LEFT JOIN fence AS f ON f.id = r.fence_id
    LEFT JOIN fence_group AS g ON g.id = r.fence_group_id
    WHERE r.id = $1::integer
), made AS (
    INSERT INTO rule_version (rule_id, version, department_id, terms, made_by, why)
    SELECT s.id, coalesce(v.version, 0) + 1, s.department_id, s.terms, $2::text, $3::text
    FROM said AS s
    LEFT JOIN LATERAL (
        SELECT version, terms FROM rule_version WHERE rule_id = s.id ORDER BY version DESC LIMIT 1
    ) AS v ON true
    WHERE v.terms IS DISTINCT FROM s.terms
    RETURNING rule_id, version
)
UPDATE rule AS r SET version = m.version FROM made AS m WHERE r.id = m.rule_id
