-- What came of each file of this batch?
INSERT INTO source_file
WITH billed AS (
    SELECT file_id, count(*) AS kept, count(*) FILTER (billing_month <> month_year) AS late
    FROM entry
    WHERE kind = 'usage' AND file_id >= (SELECT min(file_id) FROM batch_file)
    GROUP BY file_id
), repeated AS (
    SELECT file_id, count(DISTINCT position) AS duplicates
    FROM repeat
    JOIN judged USING (position)
    WHERE position NOT IN (SELECT position FROM conflict)
    GROUP BY file_id
), quarantined AS (
    SELECT file_id, count(*) AS quarantined
    FROM set_aside
    WHERE file_id >= (SELECT min(file_id) FROM batch_file)
    GROUP BY file_id
), mismatched AS (
    SELECT file_id, count(*) AS month_mismatches
    FROM judged
    WHERE reason IS NULL AND NOT is_month_of_day AND position NOT IN (SELECT position FROM repeat)
    GROUP BY file_id
)
SELECT
    file_id, path, format, size_bytes, sha256, place, NULL, coalesce(rows_read, 0), coalesce(kept, 0),
    coalesce(duplicates, 0), coalesce(quarantined, 0), coalesce(late, 0), coalesce(month_mismatches, 0), $now
FROM batch_file
LEFT JOIN (SELECT file_id, sum(rows_read) AS rows_read FROM read_count GROUP BY file_id) USING (file_id)
LEFT JOIN billed USING (file_id)
LEFT JOIN repeated USING (file_id)
LEFT JOIN quarantined USING (file_id)
LEFT JOIN mismatched USING (file_id)
WHERE same_as IS NULL;
