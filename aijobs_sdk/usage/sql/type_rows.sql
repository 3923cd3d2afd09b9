-- What does each row that arrived say, in types, and if it cannot be billed, why not?
-- Shapes are tested as text first: a bare TRY_CAST rounds '1.5' tokens to 2 and 1.1234567 credits to 1.123457,
-- reads 1e-7 as 0, takes 'infinity' for a time, and forgets the offset of a TIMESTAMP.
INSERT INTO record
WITH file_start AS (
    SELECT file_index, min(rowid) AS first_rowid FROM arrived GROUP BY file_index
), typed AS (
    SELECT
        $file_ids[file_index::BIGINT + 1] AS file_id,
        arrived.rowid - first_rowid + 1 AS row,
        arrived AS text,
        TRY_CAST(id AS UUID) AS uuid,
        CASE WHEN regexp_full_match(input_tokens, '\d{1,18}') THEN TRY_CAST(input_tokens AS BIGINT) END AS tokens_in,
        CASE WHEN regexp_full_match(output_tokens, '\d{1,18}') THEN TRY_CAST(output_tokens AS BIGINT) END AS tokens_out,
        CASE WHEN regexp_full_match(credits_used, '\d{1,12}(\.\d{1,6}0*)?')
             THEN TRY_CAST(credits_used AS DECIMAL(18,6)) END AS credits,
        coalesce(nullif(metadata, ''), '{}') AS json_text,
        coalesce(TRY(json_type(json_text)), '') = 'OBJECT' AS is_object,
        CASE WHEN is_object THEN json_text END ->> '$.metered_credits' AS metered_text,
        CASE WHEN regexp_full_match(metered_text, '\d{1,19}(\.\d+)?([eE][+-]?\d{1,2})?')
             THEN TRY_CAST(metered_text AS DECIMAL(38,18)) END AS metered,
        CASE WHEN regexp_full_match(
                 created_at, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)? ?(Z|UTC|[+-]\d\d(:?\d\d)?)?')
             THEN TRY_CAST(created_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END AS instant,
    FROM arrived
    JOIN file_start USING (file_index)
    WHERE NOT list_contains($left_out, $file_ids[file_index::BIGINT + 1])
), judged AS (
    SELECT
        *,
        CASE
            WHEN $header_problem IS NOT NULL THEN {'reason': 'missing_columns', 'detail': $header_problem}
            WHEN text.reason IS NOT NULL THEN {'reason': text.reason, 'detail': text.detail}
            WHEN coalesce(text.schema_version, '1') <> '1'
                THEN {'reason': 'unknown_version', 'detail': said('schema_version', text.schema_version)}
            WHEN uuid IS NULL THEN {'reason': 'bad_id', 'detail': said('id', text.id)}
            WHEN trim(coalesce(text.tenant_id, '')) = ''
                THEN {'reason': 'no_tenant', 'detail': said('tenant_id', text.tenant_id)}
            WHEN regexp_matches(
                     concat_ws(' ', text.tenant_id, text.user_id, text.query_type, text.model, text.provider),
                     '[\x00-\x1f\x7f-\x{9f}]')
                THEN {'reason': 'bad_text', 'detail': 'a control character in an id, type, model or provider'}
            WHEN tokens_in IS NULL
                THEN {'reason': 'bad_tokens', 'detail': said('input_tokens', text.input_tokens)}
            WHEN tokens_out IS NULL
                THEN {'reason': 'bad_tokens', 'detail': said('output_tokens', text.output_tokens)}
            WHEN credits IS NULL AND regexp_full_match(text.credits_used, '\d{1,12}\.\d+')
                THEN {'reason': 'credits_scale', 'detail': said('credits_used', text.credits_used)}
            WHEN credits IS NULL THEN {'reason': 'bad_credits', 'detail': said('credits_used', text.credits_used)}
            WHEN instant IS NULL THEN {'reason': 'bad_created_at', 'detail': said('created_at', text.created_at)}
            WHEN NOT regexp_full_match(coalesce(text.month_year, ''), '\d{4}-(0[1-9]|1[0-2])')
                THEN {'reason': 'bad_month', 'detail': said('month_year', text.month_year)}
            WHEN NOT is_object THEN {'reason': 'bad_metadata', 'detail': said('metadata', text.metadata)}
            WHEN metered_text IS NOT NULL AND metered IS NULL
                THEN {'reason': 'bad_metered_credits', 'detail': said('metadata.metered_credits', metered_text)}
        END AS problem
    FROM typed
)
SELECT
    file_id, row, file_id * (1::BIGINT << 40) + row, false, problem.reason, problem.detail, uuid, coalesce(text.tenant_id, ''),
    coalesce(text.user_id, ''), coalesce(text.query_type, ''), coalesce(text.model, ''), coalesce(text.provider, ''),
    tokens_in, tokens_out, credits, metered, json_text, text.month_year, instant
FROM judged;
