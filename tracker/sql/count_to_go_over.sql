-- Of windows (vehicles $1, from $2 to $3) how many stored fixes lie between the checkpoint before and the
-- first one behind, $4 at most.
SELECT w.vehicle_id, (
    SELECT count(*) FROM (
        SELECT FROM fix AS f
        WHERE f.vehicle_id = w.vehicle_id
          AND f.fixed_at > coalesce((
              SELECT max(c.fixed_at) FROM checkpoint AS c
              WHERE c.vehicle_id = w.vehicle_id AND c.fixed_at < w.first
          ), '-infinity')
          AND f.fixed_at <= coalesce((
              SELECT min(c.fixed_at) FROM checkpoint AS c
              WHERE c.vehicle_id = w.vehicle_id AND c.fixed_at >= w.last
          ), 'infinity')
        LIMIT $4
    ) AS counted
) AS fixes
FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS w (vehicle_id, first, last)
