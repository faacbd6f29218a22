-- The views of sharing.sql, which is run anew behind the migrations.
DROP VIEW IF EXISTS seen_vehicle, seen_fix, seen_latest, seen_track_chunk, seen_event, seen_alert,
    seen_fence, seen_rule;
DROP VIEW IF EXISTS shared_rule;
DROP VIEW IF EXISTS shared_alert;
DROP VIEW IF EXISTS shared_vehicle, shared_fix, shared_latest, shared_track_chunk, shared_event,
    shared_fence, shared_presence;
DROP VIEW IF EXISTS private_now;
DROP FUNCTION IF EXISTS caller_spans();
DROP FUNCTION IF EXISTS granted_tellings(integer[], bigint[], bigint[], text[], integer);
DROP FUNCTION IF EXISTS is_granted_event(integer, uuid), is_granted_event(integer[], uuid);
DROP FUNCTION IF EXISTS grant_spans(integer[]);
DROP FUNCTION IF EXISTS follow_share(bytea);
