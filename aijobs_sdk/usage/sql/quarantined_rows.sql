-- Which rows of which file were set aside?
SELECT file_id, list(row ORDER BY row) FROM record WHERE reason IS NOT NULL GROUP BY file_id ORDER BY file_id;
