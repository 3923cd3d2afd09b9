-- Why were rows set aside, how many, and where is the first of each kind?
SELECT
    reason, count(*) AS rows, min_by(file, (file_id, row)) AS first_file, min_by(line, (file_id, row)) AS first_line,
    min_by(detail, (file_id, row)) AS first_detail
FROM quarantine
GROUP BY reason
ORDER BY rows DESC, reason;
