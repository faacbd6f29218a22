-- Sets of minutes: any order and any repetition give the same rows. A device that makes up ever new
-- details is not followed without end: so many kinds of notices a day are enough for anybody.
INSERT INTO device_notice AS d (device_id, day, kind, detail, department_id, minutes)
SELECT n.device_id, n.day, n.kind, n.detail, n.department_id, n.minutes::int8multirange
FROM jsonb_to_recordset($1::jsonb) AS n (
    device_id integer, day date, kind text, detail text, department_id integer, minutes text
)
WHERE (SELECT count(*) FROM device_notice AS e WHERE e.device_id = n.device_id AND e.day = n.day) < $2
   OR EXISTS (
    SELECT FROM device_notice AS e
    WHERE e.device_id = n.device_id AND e.day = n.day AND e.kind = n.kind AND e.detail = n.detail
)
ORDER BY 1, 2, 3, 4
ON CONFLICT (device_id, day, kind, detail) DO UPDATE SET minutes = d.minutes + excluded.minutes
WHERE NOT d.minutes @> excluded.minutes
