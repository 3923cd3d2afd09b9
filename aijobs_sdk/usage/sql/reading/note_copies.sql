-- Which files of this batch hold, byte for byte, what another one holds?
INSERT INTO source_file
SELECT
    batch_file.file_id, batch_file.path, batch_file.format, batch_file.size_bytes, batch_file.sha256, batch_file.place,
    batch_file.same_as, original.rows_read, 0, original.rows_read, 0, 0, 0, $now
FROM batch_file
JOIN source_file AS original ON original.file_id = batch_file.same_as;
