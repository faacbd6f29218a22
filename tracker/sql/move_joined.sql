-- An event that amends one which had joined an alert has joined it too.
INSERT INTO alert_event (alert_id, event_id, department_id)
SELECT k.alert_id, w.amended_by, k.department_id
FROM jsonb_to_recordset($1::jsonb) AS w (id uuid, amended_by uuid)
JOIN alert_event AS k ON k.event_id = w.id
WHERE w.amended_by IS NOT NULL
ON CONFLICT DO NOTHING
