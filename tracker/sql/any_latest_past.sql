SELECT EXISTS (
    SELECT FROM unnest($1::integer[], $2::timestamptz[]) AS c (department_id, cutoff)
    JOIN latest AS l ON l.department_id = c.department_id AND l.fixed_at < c.cutoff
    WHERE NOT is_held(l.department_id, l.vehicle_id, l.fixed_at, l.fixed_at)
)
