-- Which files of this batch hold, byte for byte, what another one holds?
-- What is set aside of that one is so of them; all else are duplicates.
INSERT INTO source_file
SELECT
    batch_file.file_id, batch_file.path, batch_file.format, batch_file.size_bytes, batch_file.sha256, batch_file.place,
    batch_file.same_as, original.rows_read, 0, original.rows_read - coalesce(aside, 0), coalesce(aside, 0), 0, 0, $now
FROM batch_file
JOIN source_file AS original ON original.file_id = batch_file.same_as
LEFT JOIN (
    SELECT file_id, count(*) AS aside FROM set_aside WHERE resolved_at IS NULL GROUP BY file_id
) AS waiting ON waiting.file_id = batch_file.same_as;
