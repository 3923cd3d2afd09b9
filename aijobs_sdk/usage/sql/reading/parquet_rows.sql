-- What do these rows of a Parquet file hold, as JSON?
SELECT file_row_number + 1 AS row, to_json(stored)::VARCHAR AS raw
FROM read_parquet($path, hive_partitioning = false) AS stored
WHERE list_contains($rows, file_row_number + 1)
ORDER BY row;
