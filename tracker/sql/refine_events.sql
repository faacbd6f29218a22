-- A late fix nearer to the crossing narrows the bounds of an event that stands.
UPDATE event AS e SET
    not_before = r.not_before, not_after = r.not_after, interpolated = r.interpolated
FROM jsonb_to_recordset($1::jsonb) AS r (
    id uuid, not_before timestamptz, not_after timestamptz, interpolated boolean
)
WHERE e.id = r.id
