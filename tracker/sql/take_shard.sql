UPDATE feed SET token = token + 1 WHERE id = $1 RETURNING token
