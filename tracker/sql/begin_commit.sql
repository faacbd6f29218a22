-- First in every commit: its row's lock keeps the numbers of one feed in the order of the commits.
UPDATE feed SET n = n + 1
WHERE id = $1 AND token = $2
RETURNING n, (SELECT registry_version FROM installation) AS registry_version, milepost_now() AS now
