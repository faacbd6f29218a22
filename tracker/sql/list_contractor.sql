SELECT p.ref || '/' || c.ref AS contractor, c.name ->> 'en' AS name_en, c.name ->> 'zh-Hant' AS name_zh_hant,
       (SELECT count(*) FROM vehicle AS v WHERE v.contractor_id = c.id) AS vehicles
FROM contractor AS c JOIN department AS p ON p.id = c.department_id ORDER BY 1
