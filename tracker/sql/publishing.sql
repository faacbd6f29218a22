-- What everybody sees: the vehicles of applications that an operator published, late. The one place that
-- decides it; run behind sharing.sql.

-- A row for each published application, and for each of its vehicles that is in the open feed now: where
-- it was as long ago as its application says, and never anything newer. Absent is whatever was private or
-- off duty at any time between that fix and now, and whatever was silent for longer than `oldest_s` then.
CREATE OR REPLACE FUNCTION open_positions(oldest_s integer)
    RETURNS TABLE (now timestamptz, application text, department_id integer, department text, vehicle text,
                   lon float8, lat float8, fixed_at timestamptz, speed_mps real, direction_deg real)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- Asked once: as a part of the query it would keep it from the partitions' keys.
    stamp constant timestamptz := milepost_now();
BEGIN
    RETURN QUERY
    SELECT stamp, a.ref, a.department_id, d.ref, shown.vehicle, shown.lon, shown.lat, shown.fixed_at,
           shown.speed_mps, shown.direction_deg
    FROM application AS a
    JOIN department AS d ON d.id = a.department_id
    LEFT JOIN LATERAL (
        SELECT d.ref || '/' || v.ref AS vehicle, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, f.fixed_at,
               f.speed_mps, coalesce(f.heading_deg, f.course_deg) AS direction_deg
        FROM vehicle AS v
        CROSS JOIN LATERAL (
            SELECT g.geom, g.fixed_at, g.speed_mps, g.heading_deg, g.course_deg
            FROM fix AS g
            WHERE g.vehicle_id = v.id AND g.department_id = a.department_id AND NOT g.implausible
              AND g.fixed_at <= stamp - make_interval(secs => a.open_delay_s)
              AND g.fixed_at > stamp - make_interval(secs => a.open_delay_s + oldest_s)
            ORDER BY g.fixed_at DESC
            LIMIT 1
        ) AS f
        WHERE v.application_id = a.id AND v.retired_at IS NULL
          AND NOT EXISTS (
              SELECT FROM private_interval AS p
              WHERE p.vehicle_id = v.id AND p.starts_at <= stamp AND p.ends_at > f.fixed_at
          )
          AND NOT EXISTS (
              SELECT FROM (
                  SELECT s.status, s.since, lead(s.since, 1, 'infinity') OVER (ORDER BY s.since) AS ends_at
                  FROM duty_status AS s WHERE s.vehicle_id = v.id
              ) AS s
              WHERE s.status = 'off_duty' AND s.since <= stamp AND s.ends_at > f.fixed_at
          )
    ) AS shown ON true
    WHERE a.open_delay_s IS NOT NULL AND a.stage <> 'retired';
END
$$;

REVOKE EXECUTE ON FUNCTION open_positions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_positions(integer) TO milepost_api;
