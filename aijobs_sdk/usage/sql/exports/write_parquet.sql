-- What are these rows of text as an export in Parquet?
COPY (
    SELECT * REPLACE (
        input_tokens::BIGINT AS input_tokens,
        output_tokens::BIGINT AS output_tokens,
        credits_used::DECIMAL(18,6) AS credits_used,
        created_at::TIMESTAMPTZ AT TIME ZONE 'UTC' AS created_at
    )
    FROM read_csv(
        $rows, columns = $columns, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
        new_line = '\n', max_line_size = $longest  -- else a carriage return in a value is taken for the end of a line
    )
) TO $target (FORMAT parquet, COMPRESSION zstd);
