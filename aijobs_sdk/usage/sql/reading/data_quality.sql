-- What came of all files so far?
-- A row that was set aside and read again counts as what came of it then.
WITH settled AS (
    SELECT
        count(*) FILTER (resolved_at IN (SELECT accepted_at FROM correction_act)) AS accepted,
        count(*) - accepted AS read_again
    FROM set_aside
    WHERE resolved_at IS NOT NULL
)
SELECT
    count(file_id) AS files, coalesce(sum(rows_read), 0) - any_value(read_again) AS rows_read, coalesce(sum(kept), 0) AS kept,
    coalesce(sum(duplicates), 0) AS duplicates,
    coalesce(sum(quarantined), 0) - any_value(read_again) AS quarantined, coalesce(sum(late), 0) AS late,
    coalesce(sum(month_mismatches), 0) AS month_mismatches, any_value(accepted) AS accepted
FROM settled
LEFT JOIN source_file ON true;
