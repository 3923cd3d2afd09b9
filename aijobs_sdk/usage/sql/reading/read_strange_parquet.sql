-- How many rows do these Parquet files hold, whose columns are not those of an export?
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT list_position($files, "file of this row") - 1 AS file_index, false AS needs_care, no_export.*
FROM read_parquet($paths, filename = 'file of this row', hive_partitioning = false)
LEFT JOIN no_export ON false;
