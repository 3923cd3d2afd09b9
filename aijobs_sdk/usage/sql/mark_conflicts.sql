-- Which rows say something else under an id that is taken?
-- The first row stays billed.
UPDATE record
SET reason = 'id_conflict', detail = 'the id was first seen in ' || path || ' with another ' || differences
FROM repeat
JOIN loaded_file ON loaded_file.file_id = repeat.first_file_id
WHERE record.position = repeat.position AND differences <> '';
