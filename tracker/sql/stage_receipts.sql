CREATE TEMPORARY TABLE IF NOT EXISTS staged_receipt (
    device_id integer, boot text, department_id integer, dealt text, refused text,
    first_at timestamptz, last_at timestamptz, suppressed text
) ON COMMIT DELETE ROWS
