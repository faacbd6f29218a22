-- The next rows of the chain behind a place (day $1, number $2), in their order.
SELECT * FROM audit WHERE (day, n) > ($1::date, $2::bigint) ORDER BY day, n LIMIT $3::integer
