-- Which groups of fences watch which groups of vehicles, now or later.
SELECT p.ref AS department, p.ref || '/' || v.ref AS vehicles, p.ref || '/' || f.ref AS fences,
       lower(s.during) AS since, upper(s.during) AS until
FROM fence_scope AS s
JOIN department AS p ON p.id = s.department_id
JOIN vehicle_group AS v ON v.id = s.vehicle_group_id
JOIN fence_group AS f ON f.id = s.fence_group_id
WHERE NOT isempty(s.during) AND (upper_inf(s.during) OR upper(s.during) > milepost_now())
ORDER BY p.ref, v.ref, f.ref, s.id
