CREATE TEMPORARY TABLE IF NOT EXISTS staged_fix (
    vehicle_id integer, device_id integer, department_id integer,
    fixed_at timestamptz, received_at timestamptz, lon float8, lat float8,
    altitude_m real, speed_mps real, course_deg real, heading_deg real, accuracy_m real, hdop real,
    satellites smallint, mode smallint, rollover_weeks smallint, ignition boolean, inputs jsonb,
    ais boolean, implausible boolean
) ON COMMIT DELETE ROWS
