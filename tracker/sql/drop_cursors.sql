DELETE FROM motion_cursor WHERE vehicle_id = any($1::integer[])
