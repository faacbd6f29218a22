SELECT p.ref || '/' || f.ref AS fence, f.kind, v.version,
       CASE WHEN v.in_force @> milepost_now() THEN 'in_force' ELSE 'planned' END AS state,
       f.name ->> 'en' AS name_en, f.name ->> 'zh-Hant' AS name_zh_hant
FROM fence AS f
JOIN department AS p ON p.id = f.department_id
JOIN fence_version AS v ON v.fence_id = f.id AND NOT isempty(v.in_force)
WHERE upper_inf(v.in_force) OR upper(v.in_force) > milepost_now()
ORDER BY 1, v.version
