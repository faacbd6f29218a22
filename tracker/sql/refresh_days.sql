-- The days of vehicles anew, from the day of $2 to the day of $3. A chunk belongs to the day of its end:
-- its first fix may be the last one of the day before. Trips and stops belong to the day they begin on.
WITH span AS (
    SELECT s.vehicle_id, (s.from_at AT TIME ZONE i.time_zone)::date AS first,
           (s.to_at AT TIME ZONE i.time_zone)::date AS last, i.time_zone
    FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS s (vehicle_id, from_at, to_at)
    CROSS JOIN installation AS i
), bounded AS (
    SELECT vehicle_id, first, last, time_zone, first::timestamp AT TIME ZONE time_zone AS begins,
           (last + 1)::timestamp AT TIME ZONE time_zone AS ends
    FROM span
), fact AS (
    SELECT c.vehicle_id, (c.ended_at AT TIME ZONE b.time_zone)::date AS day, c.department_id, c.length_m,
           c.moving_s, c.idling_s, c.stopped_s, c.engine_s, c.fixes, c.max_speed_mps, 0 AS trips, 0 AS stops
    FROM bounded AS b
    JOIN track_chunk AS c ON c.vehicle_id = b.vehicle_id
        AND c.started_at >= b.begins - interval '30 minutes' AND c.started_at < b.ends
        AND c.ended_at >= b.begins AND c.ended_at < b.ends
    UNION ALL
    SELECT t.vehicle_id, (t.started_at AT TIME ZONE b.time_zone)::date, t.department_id, 0, 0, 0, 0, NULL, 0,
           NULL, 1, 0
    FROM bounded AS b
    JOIN trip AS t ON t.vehicle_id = b.vehicle_id AND t.started_at >= b.begins AND t.started_at < b.ends
    UNION ALL
    SELECT t.vehicle_id, (t.started_at AT TIME ZONE b.time_zone)::date, t.department_id, 0, 0, 0, 0, NULL, 0,
           NULL, 0, 1
    FROM bounded AS b
    JOIN stop AS t ON t.vehicle_id = b.vehicle_id AND t.started_at >= b.begins AND t.started_at < b.ends
), fresh AS (
    SELECT vehicle_id, day, department_id, sum(length_m::numeric)::float8 AS distance_m,
           sum(trips) AS trips, sum(stops) AS stops, sum(moving_s::numeric)::float8 AS moving_s,
           sum(idling_s::numeric)::float8 AS idling_s, sum(stopped_s::numeric)::float8 AS stopped_s,
           sum(engine_s::numeric)::float8 AS engine_s, sum(fixes) AS fixes, max(max_speed_mps) AS max_speed_mps
    FROM fact
    GROUP BY vehicle_id, day, department_id
), gone AS (
    DELETE FROM vehicle_day AS d USING span AS s
    WHERE d.vehicle_id = s.vehicle_id AND d.day BETWEEN s.first AND s.last
      AND NOT EXISTS (
          SELECT FROM fresh AS f
          WHERE f.vehicle_id = d.vehicle_id AND f.day = d.day AND f.department_id = d.department_id
      )
)
INSERT INTO vehicle_day (
    vehicle_id, day, department_id, application_id, distance_m, trips, stops, moving_s, idling_s, stopped_s,
    engine_s, fixes, max_speed_mps
)
SELECT f.vehicle_id, f.day, f.department_id, v.application_id, f.distance_m, f.trips, f.stops, f.moving_s,
       f.idling_s, f.stopped_s, f.engine_s, f.fixes, f.max_speed_mps
FROM fresh AS f
JOIN vehicle AS v ON v.id = f.vehicle_id
ON CONFLICT (vehicle_id, day, department_id) DO UPDATE SET
    application_id = excluded.application_id, distance_m = excluded.distance_m, trips = excluded.trips,
    stops = excluded.stops, moving_s = excluded.moving_s, idling_s = excluded.idling_s,
    stopped_s = excluded.stopped_s, engine_s = excluded.engine_s, fixes = excluded.fixes,
    max_speed_mps = excluded.max_speed_mps
