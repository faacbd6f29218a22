-- Only where the holder is still the one that was seen; the new token shuts that one out. Waits for
-- a commit that is under way: its row is locked.
UPDATE feed SET token = token + 1, holder = $2, since = milepost_now()
WHERE id = $1 AND holder IS NOT DISTINCT FROM $3
RETURNING token
