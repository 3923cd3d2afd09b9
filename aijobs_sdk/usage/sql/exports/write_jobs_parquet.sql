-- What are these job records of text as a file in Parquet?
COPY (
    SELECT * REPLACE (
        attempts::INTEGER AS attempts,
        credits_used::DECIMAL(18,6) AS credits_used,
        estimated_credits::DECIMAL(18,6) AS estimated_credits,
        created_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS created_at,
        started_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS started_at,
        completed_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS completed_at
    )
    FROM read_csv(
        $jobs, columns = $columns, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
        new_line = '\n', nullstr = ''
    )
) TO $target (FORMAT parquet, COMPRESSION zstd);
