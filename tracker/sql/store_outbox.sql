-- One telling for each event that is new, valid again or withdrawn, in full refs.
INSERT INTO outbox (department_id, vehicle_id, type, event_id, revision, body)
SELECT e.department_id, e.vehicle_id, 'milepost.fence.' || e.kind || '.v1', e.id, e.revision,
       jsonb_build_object(
           'vehicle', p.ref || '/' || v.ref, 'fence', p.ref || '/' || f.ref,
           'fence_version', e.fence_version, 'kind', e.kind, 'time', e.time,
           'not_before', e.not_before, 'not_after', e.not_after, 'interpolated', e.interpolated,
           'gap', e.gap, 'late', e.late, 'cause', e.cause, 'status', e.status, 'amends', e.amends
       )
FROM event AS e
JOIN vehicle AS v ON v.id = e.vehicle_id
JOIN fence AS f ON f.id = e.fence_id
JOIN department AS p ON p.id = e.department_id
WHERE e.id = any($1::uuid[])
ORDER BY e.vehicle_id, e.at
