DELETE FROM outbox
WHERE id IN (
    SELECT o.id FROM outbox AS o
    WHERE o.planned_at < milepost_now() - make_interval(days => $1)
      AND NOT EXISTS (SELECT FROM delivery AS d WHERE d.outbox_id = o.id)
    ORDER BY o.id
    LIMIT $2
)
