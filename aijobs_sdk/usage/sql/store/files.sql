-- What came of each file?
SELECT path, format, size_bytes, sha256, rows_read, kept, duplicates, quarantined, month_mismatches
FROM source_file
ORDER BY file_id;
