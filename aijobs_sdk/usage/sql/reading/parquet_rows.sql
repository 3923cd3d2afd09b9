-- What do these rows of a Parquet file hold, as JSON?
WITH numbered AS (
    SELECT row_number() OVER () AS row, stored FROM read_parquet($path, hive_partitioning = false) AS stored
)
SELECT row, to_json(stored)::VARCHAR AS raw
FROM numbered
WHERE list_contains($rows, row)
ORDER BY row;
