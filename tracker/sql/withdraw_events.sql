UPDATE event SET status = 'withdrawn', revision = revision + 1
WHERE id = any($1::uuid[]) AND status = 'valid'
RETURNING id
