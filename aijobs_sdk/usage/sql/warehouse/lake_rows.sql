-- What is billed in one month, for the lake?
-- By tenant, so that a reader of one passes over most of a file. The month is the folder's name, as engines want it.
SELECT
    kind, quantity, id::VARCHAR AS id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens,
    credits_used, metered_credits, cached_input_tokens, attempts, latency_seconds, job_id, document_id, economy,
    metadata, month_year, created_at AT TIME ZONE 'UTC' AS created_at, day, position
FROM entry
WHERE billing_month = $month
ORDER BY tenant_id, position;
