-- How many rows do these Parquet files hold, whose columns are not those of an export?
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT file_index, false AS needs_care, no_export.*
FROM read_parquet($paths, hive_partitioning = false)
LEFT JOIN no_export ON false;
