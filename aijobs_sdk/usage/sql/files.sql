-- What came of each file?
SELECT path, format, sha256, rows_read, kept, duplicates, quarantined FROM source_file ORDER BY file_id;
