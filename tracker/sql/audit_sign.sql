INSERT INTO audit_head (day, n, hash, signature, key) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
