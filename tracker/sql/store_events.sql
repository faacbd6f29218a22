INSERT INTO event AS e (
    id, department_id, vehicle_id, fence_id, fence_version, kind, at, time, not_before, not_after,
    interpolated, gap, late, cause, amends, rule_id, max_kmh, length_s,
    ended_at, lowest, highest, other_vehicle_id, distance_m
)
SELECT id, department_id, vehicle_id, fence_id, fence_version, kind, coalesce(time, not_after),
       time, not_before, not_after,
       interpolated, gap, late, cause, amends, rule_id, max_kmh, length_s,
       ended_at, lowest, highest, other_vehicle_id, distance_m
FROM jsonb_to_recordset($1::jsonb) AS n (
    id uuid, department_id integer, vehicle_id integer, fence_id integer, fence_version integer,
    kind text, time timestamptz, not_before timestamptz, not_after timestamptz,
    interpolated boolean, gap boolean, late boolean, cause text, amends uuid,
    rule_id integer, max_kmh float8, length_s float8,
    ended_at timestamptz, lowest float8, highest float8, other_vehicle_id integer, distance_m float8
)
ON CONFLICT (id) DO UPDATE SET
    status = 'valid', revision = e.revision + 1, amends = excluded.amends,
    not_before = excluded.not_before, not_after = excluded.not_after,
    interpolated = excluded.interpolated, max_kmh = excluded.max_kmh, length_s = excluded.length_s,
    ended_at = excluded.ended_at, lowest = excluded.lowest, highest = excluded.highest
    WHERE e.status = 'withdrawn'
RETURNING id
