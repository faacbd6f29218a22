-- Where vehicles ($1) were by the last believed fix up to a time ($2), of at most a day before.
SELECT w.n, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
FROM unnest($1::integer[], $2::timestamptz[]) WITH ORDINALITY AS w (vehicle_id, at, n)
CROSS JOIN LATERAL (
    SELECT geom FROM fix
    WHERE vehicle_id = w.vehicle_id AND fixed_at <= w.at AND fixed_at > w.at - interval '1 day'
      AND NOT implausible
    ORDER BY fixed_at DESC LIMIT 1
) AS f
