SELECT a.ref AS application, p.ref AS department, c.ref AS cluster, a.stage, a.open_delay_s,
       a.name ->> 'en' AS name_en, a.name ->> 'zh-Hant' AS name_zh_hant,
       (SELECT count(*) FROM vehicle AS v WHERE v.application_id = a.id AND v.retired_at IS NULL) AS vehicles
FROM application AS a
JOIN department AS p ON p.id = a.department_id
LEFT JOIN cluster AS c ON c.id = a.cluster_id
ORDER BY 1
