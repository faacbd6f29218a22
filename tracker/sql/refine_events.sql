-- A late fix nearer to the crossing narrows the bounds of an event that stands; a speed goes on.
UPDATE event AS e SET
    not_before = r.not_before, not_after = r.not_after, interpolated = r.interpolated,
    max_kmh = r.max_kmh, length_s = r.length_s
FROM jsonb_to_recordset($1::jsonb) AS r (
    id uuid, not_before timestamptz, not_after timestamptz, interpolated boolean, max_kmh float8,
    length_s float8
)
WHERE e.id = r.id
