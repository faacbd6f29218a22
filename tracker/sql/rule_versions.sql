-- All versions of a rule (department $1, ref $2), the newest first: what it said, from when on, who, why.
SELECT v.version, v.made_at AS since, lag(v.made_at) OVER (ORDER BY v.version DESC) AS until, v.made_by, v.why,
       CASE WHEN v.terms -> 'off' = 'true' THEN 'off' WHEN v.terms -> 'shadow' = 'true' THEN 'shadow'
            ELSE 'on' END AS state,
       v.terms, p.name AS department_name, coalesce(f.name, g.name) AS fence_name, i.time_zone AS zone
FROM rule_version AS v
JOIN rule AS r ON r.id = v.rule_id
JOIN department AS p ON p.id = r.department_id
CROSS JOIN installation AS i
LEFT JOIN fence AS f ON f.department_id = p.id AND f.ref = v.terms ->> 'fence'
LEFT JOIN fence_group AS g ON g.department_id = p.id AND g.ref = v.terms ->> 'fence'
WHERE p.ref = $1 AND r.ref = $2
ORDER BY v.version DESC
