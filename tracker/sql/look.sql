SELECT f.token, i.registry_version
FROM feed AS f CROSS JOIN installation AS i
WHERE f.id = $1
