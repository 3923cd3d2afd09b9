-- What came of the files of this batch?
SELECT
    path, format, size_bytes, sha256, rows_read, kept, duplicates, quarantined, month_mismatches, late
FROM source_file
WHERE file_id IN (SELECT file_id FROM batch_file)
ORDER BY file_id;
