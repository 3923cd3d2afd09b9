-- What is written where the rows that are set aside come from?
INSERT INTO set_aside
SELECT file_id, row, line, reason, detail, raw, said, NULL
FROM aside
JOIN raw_line USING (file_id, row)
ORDER BY file_id, row;
