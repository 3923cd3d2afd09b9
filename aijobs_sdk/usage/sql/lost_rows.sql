-- Of which file has a row been neither kept, counted as a duplicate nor set aside with its raw text?
SELECT path, rows_read, kept, duplicates, quarantined
FROM source_file
WHERE rows_read <> kept + duplicates + quarantined
    OR quarantined <> (SELECT count(*) FROM raw_line WHERE raw_line.file_id = source_file.file_id);
