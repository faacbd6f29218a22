SELECT day, n, hash, signature, key, signed_at FROM audit_head ORDER BY day DESC, n DESC LIMIT 1
