-- What counts in place of that which was wrong?
-- It is billed where its reversal is; if it says to have been used in another month, in that one or the first open one
-- after it, as if it had come alone.
INSERT INTO entry BY NAME
WITH right_entry AS (
    SELECT
        last_position + 2 * number AS position, 'replacement' AS kind, 1 AS quantity, (said ->> 'id')::UUID AS id,
        said ->> 'tenant_id' AS tenant_id, said ->> 'user_id' AS user_id, said ->> 'query_type' AS query_type,
        said ->> 'model' AS model, said ->> 'provider' AS provider,
        (said ->> 'input_tokens')::BIGINT AS input_tokens, (said ->> 'output_tokens')::BIGINT AS output_tokens,
        (said ->> 'credits_used')::DECIMAL(18,6) AS credits_used,
        (said ->> 'metered_credits')::DECIMAL(38,18) AS metered_credits,
        (said ->> 'cached_input_tokens')::BIGINT AS cached_input_tokens, (said ->> 'attempts')::INTEGER AS attempts,
        (said ->> 'latency_seconds')::DECIMAL(18,6) AS latency_seconds, said ->> 'job_id' AS job_id,
        said ->> 'document_id' AS document_id, (said ->> 'economy')::BOOLEAN AS economy,
        said ->> 'metadata' AS metadata, said ->> 'month_year' AS month_year,
        (said ->> 'created_at')::TIMESTAMP AS created_at, (said ->> 'day')::DATE AS day, file_id, row,
        CASE WHEN said ->> 'month_year' = wrong.month_year THEN wrong.billing_month ELSE said ->> 'month_year' END
            AS wanted_month
    FROM correction
)
SELECT
    right_entry.* EXCLUDE (wanted_month), coalesce(month_instead.billing_month, wanted_month) AS billing_month
FROM right_entry
LEFT JOIN month_instead ON month_instead.month = wanted_month;
