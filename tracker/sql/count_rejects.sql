INSERT INTO reject_day AS d (day, sender, department_id, refused)
SELECT day, sender, department_id, refused
FROM jsonb_to_recordset($1::jsonb) AS n (day date, sender text, department_id integer, refused bigint)
ORDER BY day, sender
ON CONFLICT (day, sender) DO UPDATE SET refused = d.refused + excluded.refused
RETURNING day, sender, refused
