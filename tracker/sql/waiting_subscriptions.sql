SELECT s.id, s.kind, s.target, s.secret, p.ref AS department, p.name AS department_name,
       CASE WHEN s.old_secret_until > milepost_now() THEN s.old_secret END AS old_secret
FROM subscription AS s
JOIN department AS p ON p.id = s.department_id
WHERE s.disabled_at IS NULL
  AND EXISTS (SELECT FROM delivery AS d WHERE d.subscription_id = s.id AND d.state = 'waiting')
