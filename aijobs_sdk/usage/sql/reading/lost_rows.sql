-- Of which file of this batch has a row been neither kept, counted as a duplicate nor set aside?
SELECT path, rows_read, kept, duplicates, quarantined
FROM source_file
WHERE file_id IN (SELECT file_id FROM batch_file) AND rows_read <> kept + duplicates + quarantined;
