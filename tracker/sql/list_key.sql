-- Keys, the roles that they have now, and their use.
SELECT 'mp_' || k.name AS ref, k.label, (
    SELECT string_agg(a.role || '@' || coalesce(d.ref, '*') || coalesce('/' || c.ref, ''), ' ' ORDER BY a.id)
    FROM role_assignment AS a
    LEFT JOIN department AS d ON d.id = a.department_id
    LEFT JOIN contractor AS c ON c.id = a.contractor_id
    WHERE a.key_id = k.id AND a.during @> milepost_now()
) AS roles, array_to_string(k.scopes, ' ') AS scopes, k.expires_at::text AS expires_at,
    k.last_used_at::text AS last_used_at, k.revoked_at::text AS revoked_at
FROM api_key AS k
ORDER BY k.id
