INSERT INTO audit_verdict (began_at, checked_at, day, n, rows, faults, found)
VALUES ($1, milepost_now(), $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET
    began_at = excluded.began_at, checked_at = excluded.checked_at, day = excluded.day, n = excluded.n,
    rows = excluded.rows, faults = excluded.faults, found = excluded.found
