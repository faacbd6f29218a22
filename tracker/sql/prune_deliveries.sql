-- What was sent is kept for $1 days; of what is dead nothing goes by itself.
DELETE FROM delivery
WHERE (subscription_id, outbox_id) IN (
    SELECT subscription_id, outbox_id FROM delivery
    WHERE state = 'sent' AND done_at < milepost_now() - make_interval(days => $1)
    LIMIT $2
)
