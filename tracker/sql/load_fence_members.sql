SELECT fence_id AS member_id, group_id, lower(during) AS starts, upper(during) AS ends
FROM fence_group_member
WHERE NOT isempty(during)
