-- Stored fixes of which it turns out only now whether they are plausible; $4, $5 are the bounds of $2.
UPDATE fix AS f SET implausible = m.implausible
FROM unnest($1::integer[], $2::timestamptz[], $3::boolean[]) AS m (vehicle_id, fixed_at, implausible)
WHERE f.vehicle_id = m.vehicle_id AND f.fixed_at = m.fixed_at
  AND f.fixed_at BETWEEN $4 AND $5
  AND f.implausible <> m.implausible
