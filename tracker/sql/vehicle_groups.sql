-- Groups of vehicles with who is in them, or will be ($1 department, $2 ref: NULL for any).
SELECT p.ref || '/' || g.ref AS "group", p.ref AS department, g.name, g.revision, g.created_at, g.ended_at,
       coalesce(
           (SELECT jsonb_agg(jsonb_build_object('member', p.ref || '/' || t.ref, 'since', lower(m.during),
                                                'until', upper(m.during)) ORDER BY t.ref, m.during)
            FROM vehicle_group_member AS m
            JOIN vehicle AS t ON t.id = m.vehicle_id
            WHERE m.group_id = g.id AND NOT isempty(m.during)
              AND (upper_inf(m.during) OR upper(m.during) > milepost_now())),
           '[]'
       ) AS members
FROM vehicle_group AS g
JOIN department AS p ON p.id = g.department_id
WHERE ($1::text IS NULL OR p.ref = $1) AND ($2::text IS NULL OR g.ref = $2)
ORDER BY p.ref, g.ref
