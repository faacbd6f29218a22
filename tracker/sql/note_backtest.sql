-- How far it has come; no row where nobody wants it any more.
UPDATE backtest SET vehicles_done = $2, vehicles = $3, leased_until = milepost_now() + $4::interval
WHERE id = $1 AND state = 'running'
RETURNING extract(epoch FROM milepost_now() - started_at)::float AS took_s
