SELECT department_id, vehicle_group_id, fence_group_id, lower(during) AS starts, upper(during) AS ends
FROM fence_scope
WHERE NOT isempty(during)
