-- What came of all files so far?
SELECT
    count(*) AS files, coalesce(sum(rows_read), 0) AS rows_read, coalesce(sum(kept), 0) AS kept,
    coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(quarantined), 0) AS quarantined,
    coalesce(sum(late), 0) AS late, coalesce(sum(month_mismatches), 0) AS month_mismatches,
    (SELECT count(resolved_at) FROM set_aside) AS accepted
FROM source_file;
