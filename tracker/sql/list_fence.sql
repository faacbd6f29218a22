SELECT p.ref || '/' || f.ref AS fence, f.kind, v.version, f.name ->> 'en' AS name_en,
       f.name ->> 'zh-Hant' AS name_zh_hant
FROM fence AS f
JOIN department AS p ON p.id = f.department_id
JOIN fence_version AS v ON v.fence_id = f.id AND v.in_force @> milepost_now()
ORDER BY 1
