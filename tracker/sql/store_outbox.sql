-- One telling for each of these events, as it stands, numbered by the commit's feed ($4, $5). $2 and $3
-- (JSON): the type and what was done, where not the event changed but its alert.
INSERT INTO outbox (department_id, vehicle_id, type, event_id, revision, body, feed, n)
SELECT t.department_id, t.vehicle_id, coalesce($2::text, t.type), t.event_id, t.revision,
       CASE WHEN $3::text IS NULL THEN t.body ELSE t.body || jsonb_build_object('change', $3::text::jsonb) END,
       $4::integer, $5::bigint
FROM telling($1::uuid[]) AS t
ORDER BY t.vehicle_id, t.at
