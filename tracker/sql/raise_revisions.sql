-- A change of an alert is a further revision of its event (the id of what is told follows from it).
UPDATE event SET revision = revision + 1 WHERE id = any($1::uuid[])
