-- What does a Parquet file of jobs say, each value as text?
SELECT COLUMNS(*)::VARCHAR FROM read_parquet($path, hive_partitioning = false);
