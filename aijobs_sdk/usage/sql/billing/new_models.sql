-- Of which models in the files read last were no prices looked for yet?
-- Entries lie in the order of their files: all but the last of them are passed over.
SELECT DISTINCT provider, model
FROM entry
WHERE file_id > (SELECT max(file_id) - $files FROM source_file)
    AND (provider, model) NOT IN (SELECT (provider, model) FROM known_model);
