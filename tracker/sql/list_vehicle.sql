SELECT p.ref || '/' || v.ref AS vehicle, v.vehicle_class AS class, v.plate,
       v.name ->> 'en' AS name_en, v.name ->> 'zh-Hant' AS name_zh_hant
FROM vehicle AS v JOIN department AS p ON p.id = v.department_id ORDER BY 1
