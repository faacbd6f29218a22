-- Who is told of what is new in the outbox. A flag a row and no cursor: numbers appear out of order.
-- A second worker waits here for the first, so that of one vehicle nothing is planned before earlier.
WITH fresh AS (
    SELECT id, department_id, vehicle_id, type, event_id, body, created_at
    FROM outbox
    WHERE planned_at IS NULL
    ORDER BY id
    LIMIT $1
    FOR UPDATE
), planned AS (
    INSERT INTO delivery (subscription_id, outbox_id, department_id, vehicle_id)
    SELECT s.id, o.id, s.department_id, o.vehicle_id
    FROM fresh AS o
    JOIN subscription AS s ON s.department_id = o.department_id OR (
        -- Another department's, of what it granted. CAP draws the fence, which no grant shows.
        o.type LIKE 'milepost.fence.%' AND s.kind <> 'cap'
        AND EXISTS (SELECT FROM location_grant AS g WHERE g.to_department_id = s.department_id
                    AND g.from_department_id = o.department_id AND g.revoked_at IS NULL)
        AND is_granted_event(ARRAY[s.department_id], o.event_id)
    )
    WHERE s.disabled_at IS NULL AND o.created_at >= s.created_at
      AND (s.types = '{}' OR EXISTS (
          SELECT FROM unnest(s.types) AS t (pattern) WHERE o.type LIKE replace(t.pattern, '*', '%')
      ))
      AND (s.vehicles = '{}' OR o.body ->> 'vehicle' = any(s.vehicles))
      AND ((s.severities = '{}' AND s.rules = '{}' AND s.kind NOT IN ('email', 'cap')) OR EXISTS (
          SELECT FROM jsonb_array_elements(o.body -> 'alerts') AS a (alert)
          WHERE (s.severities = '{}' OR a.alert ->> 'severity' = any(s.severities))
            AND (s.rules = '{}' OR a.alert ->> 'rule' = any(s.rules))
      ))
    ON CONFLICT DO NOTHING
)
UPDATE outbox AS o SET planned_at = milepost_now()
FROM fresh AS f
WHERE o.id = f.id
