INSERT INTO past_work (vehicle_id, department_id, first_at, last_at, late)
SELECT * FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::boolean[])
ON CONFLICT (vehicle_id) DO UPDATE SET
    first_at = excluded.first_at, last_at = excluded.last_at, late = excluded.late
