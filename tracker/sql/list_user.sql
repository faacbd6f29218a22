-- Local users and the roles that they have now.
SELECT u.login AS ref, u.name, (
    SELECT string_agg(a.role || '@' || coalesce(d.ref, '*') || coalesce('/' || c.ref, ''), ' ' ORDER BY a.id)
    FROM role_assignment AS a
    LEFT JOIN department AS d ON d.id = a.department_id
    LEFT JOIN contractor AS c ON c.id = a.contractor_id
    WHERE a.user_id = u.id AND a.during @> milepost_now()
) AS roles, u.disabled_at::text AS disabled_at
FROM local_user AS u
ORDER BY u.login
