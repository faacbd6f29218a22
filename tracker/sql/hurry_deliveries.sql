-- The receiver is back: what waited for it is due now.
UPDATE delivery SET next_at = milepost_now()
WHERE subscription_id = $1 AND state = 'waiting' AND last_error IS NOT NULL AND next_at > milepost_now()
