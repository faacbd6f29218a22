SELECT ref AS department, shard, name ->> 'en' AS name_en, name ->> 'zh-Hant' AS name_zh_hant
FROM department ORDER BY ref
