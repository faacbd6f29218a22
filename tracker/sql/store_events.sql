-- One event a row of the arrays; one that was withdrawn and is told again stands again. Those that
-- changed, with the rules whose alerts of them were closed because they were withdrawn.
INSERT INTO event AS e (
    id, department_id, vehicle_id, fence_id, fence_version, kind, at, time, not_before, not_after,
    interpolated, gap, late, cause, amends, rule_id, max_kmh, length_s,
    ended_at, lowest, highest, other_vehicle_id, distance_m, shadow
)
SELECT id, department_id, vehicle_id, fence_id, fence_version, kind, coalesce(time, not_after),
       time, not_before, not_after,
       interpolated, gap, late, cause, amends, rule_id, max_kmh, length_s,
       ended_at, lowest, highest, other_vehicle_id, distance_m, shadow
FROM unnest(
    $1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::text[],
    $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::boolean[], $12::boolean[],
    $13::text[], $14::uuid[], $15::integer[], $16::float8[], $17::float8[], $18::timestamptz[],
    $19::float8[], $20::float8[], $21::integer[], $22::float8[], $23::boolean[]
) AS n (
    id, department_id, vehicle_id, fence_id, fence_version, kind, time, not_before, not_after, interpolated,
    gap, late, cause, amends, rule_id, max_kmh, length_s, ended_at, lowest, highest, other_vehicle_id,
    distance_m, shadow
)
ON CONFLICT (id) DO UPDATE SET
    status = 'valid', revision = e.revision + 1, amends = excluded.amends,
    not_before = excluded.not_before, not_after = excluded.not_after,
    interpolated = excluded.interpolated, max_kmh = excluded.max_kmh, length_s = excluded.length_s,
    ended_at = excluded.ended_at, lowest = excluded.lowest, highest = excluded.highest
    WHERE e.status = 'withdrawn'
RETURNING e.id, CASE WHEN e.revision > 0 THEN ARRAY(
    SELECT a.rule_id FROM alert AS a WHERE a.event_id = e.id AND a.close_reason = 'withdrawn'
) END AS alerted_by
