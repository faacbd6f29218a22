SELECT count(*) FILTER (WHERE replay_asked_at IS NOT NULL) AS waiting,
       count(*) FILTER (WHERE replayed_at IS NOT NULL) AS stored,
       count(*) FILTER (WHERE replay_asked_at IS NULL AND replayed_at IS NULL) AS refused
FROM reject
WHERE id = ANY(CAST(:ids AS bigint[]))
