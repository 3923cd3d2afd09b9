-- What do these JSONL files say, each value as text, in the order of the rows?
-- A JSON number has been through a double by the time DuckDB prints it, which is no way to read an amount:
-- `needs_care` marks the rows whose credits were written as one.
CREATE OR REPLACE TEMP TABLE arrived AS
WITH text_line AS (
    SELECT file_index, CASE WHEN coalesce(TRY(json_type(line)), '') = 'OBJECT' THEN line END AS object
    FROM read_csv(
        $paths, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false, delim = '', quote = '', escape = '',
        ignore_errors = true, store_rejects = true, hive_partitioning = false
    )
    WHERE trim(line, E' \t\r\n') <> ''
), named AS (
    SELECT
        file_index, object, $expected AS expected,
        json_keys(object) AS present,
        json_extract_string(object, [
            '$.id', '$.tenant_id', '$.user_id', '$.query_type', '$.model', '$.provider', '$.input_tokens',
            '$.output_tokens', '$.credits_used', '$.metadata', '$.month_year', '$.created_at', '$.schema_version'
        ]) AS value
    FROM text_line
)
SELECT
    file_index, coalesce(json_type(object, '$.credits_used'), '') = 'DOUBLE' AS needs_care,
    CASE WHEN object IS NULL THEN 'broken_line'
         WHEN NOT list_has_all(present, expected) OR len(present) <> list_unique(present) THEN 'missing_columns'
    END AS reason,
    CASE WHEN object IS NULL THEN 'the line is not a JSON object'
         WHEN NOT list_has_all(present, expected) THEN
             'the row has no ' || array_to_string(list_filter(expected, lambda name: NOT name IN present), ', ')
         WHEN len(present) <> list_unique(present) THEN 'the row has a column more than once'
    END AS detail,
    value[1] AS id, value[2] AS tenant_id, value[3] AS user_id, value[4] AS query_type, value[5] AS model,
    value[6] AS provider, value[7] AS input_tokens, value[8] AS output_tokens, value[9] AS credits_used,
    value[10] AS metadata, value[11] AS month_year, value[12] AS created_at, value[13] AS schema_version
FROM named;
