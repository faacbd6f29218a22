-- The functions of the schema; run after each migration, so this file is their one truth.

-- All time of the service is this clock: the database's.
CREATE OR REPLACE FUNCTION milepost_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE AS 'SELECT date_trunc(''milliseconds'', clock_timestamp())';
