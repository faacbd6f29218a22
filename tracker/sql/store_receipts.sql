INSERT INTO receipt AS r (device_id, boot, department_id, dealt, refused, first_at, last_at)
SELECT device_id, boot, department_id, dealt::int8multirange, refused::int8multirange, first_at, last_at
FROM jsonb_to_recordset($1::jsonb) AS n (
    device_id integer, boot text, department_id integer, dealt text, refused text,
    first_at timestamptz, last_at timestamptz
)
ORDER BY device_id, boot
ON CONFLICT (device_id, boot) DO UPDATE SET
    dealt = r.dealt + excluded.dealt,
    refused = r.refused + excluded.refused - (
        SELECT n.redeemed::int8multirange
        FROM jsonb_to_recordset($1::jsonb) AS n (device_id integer, boot text, redeemed text)
        WHERE n.device_id = r.device_id AND n.boot = r.boot
    ),
    first_at = least(r.first_at, excluded.first_at),
    last_at = greatest(r.last_at, excluded.last_at)
RETURNING device_id, boot, dealt, refused
