-- Which rows are billed, and in which month?
INSERT INTO entry
SELECT
    position, 'usage', 1, id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used,
    metered_credits, cached_input_tokens, attempts, latency_seconds, job_id, document_id, economy, metadata,
    month_year, coalesce(billing_month, month_year), created_at, day, file_id, row
FROM judged
LEFT JOIN month_instead ON month = month_year
WHERE reason IS NULL AND position NOT IN (SELECT position FROM repeat);
