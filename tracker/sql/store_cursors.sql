-- One that has not read all of its vehicle's fixes is due again at once.
INSERT INTO motion_cursor (vehicle_id, worked_to, department_id, state, worked_at)
SELECT c.vehicle_id, c.worked_to, c.department_id, c.state,
       CASE WHEN c.done THEN milepost_now() ELSE 'epoch' END
FROM unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::jsonb[], $5::boolean[])
    AS c (vehicle_id, worked_to, department_id, state, done)
ON CONFLICT (vehicle_id) DO UPDATE SET
    worked_to = excluded.worked_to, department_id = excluded.department_id, state = excluded.state,
    worked_at = excluded.worked_at
