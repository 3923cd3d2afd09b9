-- How did these jobs end, which are written down as text in the order given?
CREATE TEMP TABLE told AS
SELECT * REPLACE (
    attempts::INTEGER AS attempts, credits_used::DECIMAL(18,6) AS credits_used,
    estimated_credits::DECIMAL(18,6) AS estimated_credits,
    created_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS created_at,
    started_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS started_at,
    completed_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS completed_at
)
FROM read_csv(
    $texts, columns = $columns, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\n'
);
