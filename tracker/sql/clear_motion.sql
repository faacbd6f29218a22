-- Takes away what a vehicle's fixes were made into before, each kind in its span; says how far that was.
WITH span AS (
    SELECT * FROM unnest(
        $1::integer[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
        $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],
        $11::timestamptz[]
    ) AS s (vehicle_id, chunk_from, trip_from, stop_from, gap_from, checkpoint_from,
            chunk_to, trip_to, stop_to, gap_to, checkpoint_to)
), trips AS (
    DELETE FROM trip AS t USING span AS s
    WHERE t.vehicle_id = s.vehicle_id AND t.started_at >= s.trip_from AND t.started_at < s.trip_to
), stops AS (
    DELETE FROM stop AS t USING span AS s
    WHERE t.vehicle_id = s.vehicle_id AND t.started_at >= s.stop_from AND t.started_at < s.stop_to
), gaps AS (
    DELETE FROM gap AS t USING span AS s
    WHERE t.vehicle_id = s.vehicle_id AND t.started_at >= s.gap_from AND t.started_at < s.gap_to
), checkpoints AS (
    DELETE FROM motion_checkpoint AS t USING span AS s
    WHERE t.vehicle_id = s.vehicle_id AND t.at > s.checkpoint_from AND t.at < s.checkpoint_to
), chunks AS (
    DELETE FROM track_chunk AS t USING span AS s
    WHERE t.vehicle_id = s.vehicle_id AND t.started_at >= s.chunk_from AND t.started_at < s.chunk_to
    RETURNING t.vehicle_id, t.length_m, t.engine_s
)
SELECT vehicle_id, sum(length_m::numeric)::float8 AS length_m, sum(engine_s::numeric)::float8 AS engine_s
FROM chunks GROUP BY vehicle_id
