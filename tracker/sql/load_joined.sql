-- Alerts that these events joined, as (alert, rule, event).
SELECT k.alert_id, a.rule_id, k.event_id
FROM alert_event AS k
JOIN alert AS a ON a.id = k.alert_id
WHERE k.event_id = any($1::uuid[])
