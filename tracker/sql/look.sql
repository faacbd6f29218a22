SELECT f.token, i.registry_version, milepost_now() AS now,
       EXISTS (
           SELECT FROM alert AS a JOIN department AS p ON p.id = a.department_id
           WHERE a.state <> 'closed' AND a.ends_at <= milepost_now() AND p.shard = f.id
       ) AS closing
FROM feed AS f CROSS JOIN installation AS i
WHERE f.id = $1
