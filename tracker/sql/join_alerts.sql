INSERT INTO alert_event (alert_id, event_id, department_id)
SELECT a.id, n.event_id, a.department_id
FROM jsonb_to_recordset($1::jsonb) AS n (rule_id integer, opened_by uuid, event_id uuid)
JOIN alert AS a ON a.rule_id = n.rule_id AND a.event_id = n.opened_by
ON CONFLICT DO NOTHING
RETURNING alert_id, event_id
