-- What do these Parquet files say, each value as text, in the order of the rows?
-- {lacking} adds those that they lack. All have the same columns and types. `to_json(…) ->> '$'` is the text of a text and the JSON of a structure.
-- A file may have a column `file_index` of its own, so that its place among $files is told by its name.
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT
    list_position($files, "file of this row") - 1 AS file_index, false AS needs_care, NULL::VARCHAR AS reason,
    NULL::VARCHAR AS detail, id::VARCHAR AS id,
    tenant_id::VARCHAR AS tenant_id, user_id::VARCHAR AS user_id, query_type::VARCHAR AS query_type,
    model::VARCHAR AS model, provider::VARCHAR AS provider, input_tokens::VARCHAR AS input_tokens,
    output_tokens::VARCHAR AS output_tokens, credits_used::VARCHAR AS credits_used,
    to_json(metadata) ->> '$' AS metadata, month_year::VARCHAR AS month_year, created_at::VARCHAR AS created_at,
    schema_version::VARCHAR AS schema_version
FROM (
    FROM read_parquet($paths, filename = 'file of this row', hive_partitioning = false)
    UNION ALL BY NAME
    SELECT {lacking} WHERE false
);
