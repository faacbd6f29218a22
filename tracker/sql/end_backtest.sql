UPDATE backtest SET
    state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'failed' END,
    result = $2::jsonb, error = $3::text, ended_at = milepost_now(), leased_until = NULL
WHERE id = $1 AND state = 'running'
