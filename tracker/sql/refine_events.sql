-- A late fix nearer to the crossing narrows the bounds of an event that stands; a speed goes on, and what
-- went on has ended. Those that have ended by this.
UPDATE event AS e SET
    not_before = r.not_before, not_after = r.not_after, interpolated = r.interpolated,
    max_kmh = r.max_kmh, length_s = r.length_s, ended_at = r.ended_at, lowest = r.lowest,
    highest = r.highest, distance_m = r.distance_m
FROM jsonb_to_recordset($1::jsonb) AS r (
    id uuid, not_before timestamptz, not_after timestamptz, interpolated boolean, max_kmh float8,
    length_s float8, ended_at timestamptz, lowest float8, highest float8, distance_m float8
)
WHERE e.id = r.id
RETURNING e.id, e.ended_at
