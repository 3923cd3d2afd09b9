-- Which rows are billed: each id once?
-- Copies say the same. Of an id that says several things the earliest row counts, then the cheapest; `conflicts` lists them.
SELECT
    id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used, metadata,
    month_year, created_at
FROM (
    SELECT
        id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used, metadata,
        month_year, created_at,
        row_number() OVER (
            PARTITION BY id
            ORDER BY created_at, credits_used, month_year, tenant_id, user_id, query_type, model, provider,
                input_tokens, output_tokens
        ) AS place
    FROM query_usage
) AS placed
WHERE place = 1
