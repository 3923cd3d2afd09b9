-- Which columns, of which types, has this Parquet file?
SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($path, hive_partitioning = false));
