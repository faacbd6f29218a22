-- The chunks whose way may come near the place ($1, $2) in the window from $5 to $6: by a box of $3
-- degrees of longitude and $4 of latitude to each side (GiST), then by distance in degrees, $7. Of the
-- department $8 (NULL: any). Near the antimeridian $9 is the same place as seen from the other side,
-- and a way across it may be written through 0 degrees. Else $9 is NULL.
-- As two arrays of one length, and how many fixes there are; over $10 of them, only that.
WITH near AS MATERIALIZED (
    SELECT c.vehicle_id, c.started_at, c.fixes
    FROM track_chunk AS c
    WHERE (
        (
            c.path && ST_MakeEnvelope($1::float8 - $3::float8, $2::float8 - $4::float8, $1::float8 + $3::float8,
                                      $2::float8 + $4::float8, 4326)
            AND ST_DWithin(c.path, ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326), $7::float8)
        )
        OR c.path && ST_MakeEnvelope($9::float8 - $3::float8, $2::float8 - $4::float8, $9::float8 + $3::float8,
                                     $2::float8 + $4::float8, 4326)
        OR c.path && ST_MakeEnvelope($9::float8 * 0, $2::float8 - $4::float8, $9::float8 * 0,
                                     $2::float8 + $4::float8, 4326)
      )
      AND c.started_at < $6::timestamptz AND c.started_at >= $5::timestamptz - interval '30 minutes'
      AND c.ended_at >= $5::timestamptz
      AND ($8::integer IS NULL OR c.department_id = $8::integer)
), counted AS (
    SELECT coalesce(sum(fixes), 0) AS fixes FROM near
)
SELECT (SELECT fixes FROM counted) AS fixes, array_agg(c.vehicle_id) AS vehicle_ids,
       array_agg(ST_AsBinary(c.path)) AS paths
FROM near AS n
JOIN track_chunk AS c ON c.vehicle_id = n.vehicle_id AND c.started_at = n.started_at
WHERE (SELECT fixes FROM counted) <= $10::bigint
