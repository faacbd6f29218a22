-- A late fix nearer to the crossing narrows the bounds of an event that stands; a speed goes on, and what
-- went on has ended. Those that have ended by this.
UPDATE event AS e SET
    not_before = r.not_before, not_after = r.not_after, interpolated = r.interpolated,
    max_kmh = r.max_kmh, length_s = r.length_s, ended_at = r.ended_at, lowest = r.lowest,
    highest = r.highest, distance_m = r.distance_m
FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::boolean[], $5::float8[], $6::float8[],
    $7::timestamptz[], $8::float8[], $9::float8[], $10::float8[]
) AS r (
    id, not_before, not_after, interpolated, max_kmh, length_s, ended_at, lowest, highest, distance_m
)
WHERE e.id = r.id
RETURNING e.id, e.ended_at
