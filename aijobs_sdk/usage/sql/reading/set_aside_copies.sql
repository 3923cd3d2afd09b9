-- Which rows of the files of this batch that hold what another one holds are set aside?
INSERT INTO set_aside
SELECT batch_file.file_id, row, line, reason, detail, raw, said, NULL
FROM set_aside
JOIN batch_file ON batch_file.same_as = set_aside.file_id
WHERE resolved_at IS NULL;
