-- What do these CSV files say, each field as text, in the order of the rows?
-- $columns names the fields of their header in its own order: read_csv maps a given list by position, not by name.
-- A line the reader cannot take is left out here and noted in reject_errors.
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT
    file_index, false AS needs_care, NULL::VARCHAR AS reason, NULL::VARCHAR AS detail, id, tenant_id, user_id,
    query_type, model, provider, input_tokens, output_tokens, credits_used, metadata, month_year, created_at,
    schema_version
FROM (
    SELECT *, file_index
    FROM read_csv(
        $paths, columns = $columns, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
        strict_mode = true, ignore_errors = true, store_rejects = true, hive_partitioning = false
    )
    UNION ALL BY NAME
    SELECT *, NULL AS file_index FROM no_export
);
