-- Which rows of which file are set aside, and how many has it?
SELECT file_id, list(row ORDER BY row), rows_read
FROM aside
JOIN read_count USING (file_id)
GROUP BY file_id, rows_read
ORDER BY file_id;
