DELETE FROM past_change WHERE n = any($1::bigint[])
