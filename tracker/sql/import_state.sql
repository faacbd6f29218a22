-- How many parts of a file wait, how many are dealt with, and of those how many with a refusal.
SELECT (SELECT count(*) FROM import_part WHERE device_id = :device_id AND boot = :boot) AS waiting,
       (SELECT min(asked_at) FROM import_part WHERE device_id = :device_id AND boot = :boot) AS asked_at,
       coalesce((SELECT sum(upper(x) - lower(x)) FROM receipt AS r, unnest(r.dealt) AS x
                 WHERE r.device_id = :device_id AND r.boot = :boot), 0)::bigint AS dealt,
       coalesce((SELECT sum(upper(x) - lower(x)) FROM receipt AS r, unnest(r.refused) AS x
                 WHERE r.device_id = :device_id AND r.boot = :boot), 0)::bigint AS refused_parts
