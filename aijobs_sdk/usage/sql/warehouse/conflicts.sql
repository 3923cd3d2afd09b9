-- Which ids say several things, and how many?
-- `metadata` is left out: it may say the same in another order.
SELECT id, count(*) AS versions
FROM (
    SELECT DISTINCT
        id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used, month_year,
        created_at
    FROM query_usage
) AS said
GROUP BY id
HAVING count(*) > 1
ORDER BY id
