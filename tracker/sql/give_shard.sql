UPDATE feed SET holder = NULL, since = milepost_now()
WHERE id = $1 AND token = $2 AND holder IS NOT NULL
