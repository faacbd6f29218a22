-- Keys that are still valid and ought not to be: for longer than $1 days, or the first one of all.
SELECT
    (SELECT demo FROM installation) AS demo,
    count(*) FILTER (WHERE expires_at > milepost_now() + make_interval(days => $1)) AS long_keys,
    count(*) FILTER (WHERE label = 'first administrator') AS administrators
FROM api_key
WHERE revoked_at IS NULL AND expires_at > milepost_now()
