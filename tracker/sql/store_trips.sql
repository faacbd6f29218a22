INSERT INTO trip (
    vehicle_id, started_at, ended_at, department_id, start_lon, start_lat, end_lon, end_lat, distance_m,
    moving_s, idling_s, max_speed_mps, fixes, ends_by, application_id
)
SELECT t.*, v.application_id
FROM unnest(
    $1::integer[], $2::timestamptz[], $3::timestamptz[], $4::integer[], $5::float8[], $6::float8[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::real[], $13::integer[],
    $14::text[]
) AS t (vehicle_id, started_at, ended_at, department_id, start_lon, start_lat, end_lon, end_lat,
        distance_m, moving_s, idling_s, max_speed_mps, fixes, ends_by)
JOIN vehicle AS v ON v.id = t.vehicle_id
