-- The one that has waited longest, or whose worker died; it is ours as long as we say so.
UPDATE backtest AS b SET
    state = 'running', leased_until = milepost_now() + $1::interval,
    started_at = coalesce(b.started_at, milepost_now())
WHERE b.id = (
    SELECT id FROM backtest
    WHERE state = 'queued' OR (state = 'running' AND leased_until < milepost_now())
    ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING b.id, b.question
