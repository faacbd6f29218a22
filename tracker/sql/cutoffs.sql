-- Before which midnight (UTC) each department's data are past their retention; a row without a
-- department is for what no department is known of.
SELECT d.id AS department_id, d.ref, coalesce(d.retention_days, i.retention_days) AS days,
       date_trunc('day', milepost_now(), 'UTC') - make_interval(days => coalesce(d.retention_days, i.retention_days))
           AS cutoff
FROM installation AS i
CROSS JOIN (SELECT id, ref, retention_days FROM department UNION ALL SELECT NULL, NULL, NULL) AS d
ORDER BY d.ref NULLS LAST
