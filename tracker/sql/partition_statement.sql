-- The statement that does this to that partition, its name quoted by the server.
SELECT format(
    CASE $1::text
        WHEN 'detach' THEN 'ALTER TABLE fix DETACH PARTITION %I CONCURRENTLY'
        WHEN 'finalize' THEN 'ALTER TABLE fix DETACH PARTITION %I FINALIZE'
        WHEN 'attach' THEN 'ALTER TABLE fix ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)'
        WHEN 'open' THEN 'ALTER TABLE %I NO FORCE ROW LEVEL SECURITY'
        WHEN 'close' THEN 'ALTER TABLE %I FORCE ROW LEVEL SECURITY'
        WHEN 'count' THEN 'SELECT department_id, count(*) AS rows FROM %I GROUP BY 1'
        WHEN 'drop' THEN 'DROP TABLE %I'
    END,
    $2::text, $3::timestamptz, $4::timestamptz
)
