INSERT INTO stop (
    vehicle_id, started_at, ended_at, department_id, lon, lat, idling_s, fixes, begins_by, ends_by
)
SELECT * FROM unnest(
    $1::integer[], $2::timestamptz[], $3::timestamptz[], $4::integer[], $5::float8[], $6::float8[],
    $7::float8[], $8::integer[], $9::text[], $10::text[]
)
