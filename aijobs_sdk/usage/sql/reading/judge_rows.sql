-- What does each row that arrived say, in types, and if it cannot be billed, why not?
-- Shapes are tested as text first: a bare TRY_CAST rounds '1.5' tokens to 2 and 1.1234567 credits to 1.123457,
-- reads 1e-7 as 0, takes 'infinity' for a time, and forgets the offset of a TIMESTAMP.
INSERT INTO judged
WITH file_start AS (
    SELECT file_index, min(rowid) AS first_rowid FROM arrived GROUP BY file_index
), typed AS (
    SELECT
        $file_ids[file_index::BIGINT + 1] AS file_id,
        arrived.rowid - first_rowid + 1 AS row,
        arrived AS text,
        TRY_CAST(id AS UUID) AS uuid,
        whole_number(input_tokens) AS tokens_in,
        whole_number(output_tokens) AS tokens_out,
        CASE WHEN regexp_full_match(credits_used, '\d{1,12}(\.\d{1,6}0*)?|\.\d{1,6}0*')
             THEN TRY_CAST(credits_used AS DECIMAL(18,6)) END AS credits,
        coalesce(nullif(metadata, ''), '{}') AS json_text,
        TRY(json_extract_string(json_text, [
            '$.metered_credits', '$.cached_input_tokens', '$.attempts', '$.latency_seconds', '$.job_id', '$.document_id',
            '$.economy'
        ])) AS told,
        told IS NOT NULL AND starts_with(ltrim(json_text, E' \t\r\n'), '{') AS is_object,
        CASE WHEN regexp_full_match(told[1], '(\d{1,19}(\.\d+)?|\.\d+)([eE][+-]?\d{1,2})?')
             THEN TRY_CAST(told[1] AS DECIMAL(38,18)) END AS any_amount,
        CASE WHEN any_amount < 1000000000000 THEN any_amount END AS metered,  -- as credits, so that sums of a month fit
        CASE WHEN regexp_full_match(  -- no clock on earth is sixteen hours from UTC, but DuckDB takes any two digits
                 created_at,
                 '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)? ?(Z|UTC|[+-](0\d|1[0-5])(:?[0-5]\d)?)?')
             THEN TRY_CAST(created_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END AS instant,
        CASE WHEN $zone = 'UTC' THEN instant ELSE (instant AT TIME ZONE 'UTC') AT TIME ZONE $zone END::DATE AS local_day,
        starts_with(local_day::VARCHAR, month_year) AS is_month_of_day
    FROM arrived
    JOIN file_start USING (file_index)
    WHERE NOT list_contains($left_out, $file_ids[file_index::BIGINT + 1])
), judged_row AS (
    SELECT
        *,
        CASE
            WHEN $header_problem IS NOT NULL THEN problem('missing_columns', $header_problem)
            WHEN text.reason IS NOT NULL THEN problem(text.reason, text.detail)
            WHEN coalesce(text.schema_version, '1') <> '1'
                THEN problem('unknown_version', said('schema_version', text.schema_version))
            WHEN uuid IS NULL THEN problem('bad_id', said('id', text.id))
            WHEN trim(coalesce(text.tenant_id, '')) = '' THEN problem('no_tenant', said('tenant_id', text.tenant_id))
            WHEN regexp_matches(
                     concat_ws(' ', text.tenant_id, text.user_id, text.query_type, text.model, text.provider),
                     '[\x00-\x1f\x7f-\x{9f}]')
                THEN problem('bad_text', 'a control character in an id, type, model or provider')
            WHEN tokens_in IS NULL THEN problem('bad_tokens', said('input_tokens', text.input_tokens))
            WHEN tokens_out IS NULL THEN problem('bad_tokens', said('output_tokens', text.output_tokens))
            WHEN credits IS NULL AND regexp_full_match(text.credits_used, '\d{0,12}\.\d+')
                THEN problem('credits_scale', said('credits_used', text.credits_used))
            WHEN credits IS NULL THEN problem('bad_credits', said('credits_used', text.credits_used))
            -- Python has no year but 1 to 9999, and the day before and after must be of one, too.
            WHEN instant IS NULL OR year(instant) NOT BETWEEN 2 AND 9998 OR year(local_day) NOT BETWEEN 2 AND 9998
                THEN problem('bad_created_at', said('created_at', text.created_at))
            WHEN NOT regexp_full_match(coalesce(text.month_year, ''), '\d{4}-(0[1-9]|1[0-2])')
                    OR text.month_year NOT BETWEEN '0001-01' AND '9998-12'
                THEN problem('bad_month', said('month_year', text.month_year))
            WHEN NOT is_object THEN problem('bad_metadata', said('metadata', text.metadata))
            WHEN told[1] IS NOT NULL AND metered IS NULL
                THEN problem('bad_metered_credits', said('metadata.metered_credits', told[1]))
            WHEN $strict_months AND NOT is_month_of_day
                THEN problem('month_mismatch', said('month_year', text.month_year) || ', but the day ' || local_day)
        END AS problem
    FROM typed
)
SELECT
    file_id * (1::BIGINT << 40) + row, file_id, row, problem.reason, problem.detail, uuid,
    coalesce(text.tenant_id, ''), coalesce(text.user_id, ''), coalesce(text.query_type, ''), coalesce(text.model, ''),
    coalesce(text.provider, ''), tokens_in, tokens_out, credits, metered, whole_number(told[2]),
    CASE WHEN regexp_full_match(told[3], '\d{1,9}') THEN TRY_CAST(told[3] AS INTEGER) END,
    CASE WHEN regexp_full_match(told[4], '\d{1,12}(\.\d+)?([eE]-?\d{1,2})?') THEN TRY_CAST(told[4] AS DECIMAL(18,6)) END,
    name_or_null(told[5]), name_or_null(told[6]), coalesce(told[7] = 'true', false), json_text, text.month_year, instant, local_day, is_month_of_day
FROM judged_row;
