-- What does one month cost by the columns asked for, dearest first, and how large are its requests?
-- The p95 is exact and needs no quantile function, of which each warehouse has another: in a group of n, the two rows
-- around position 0.95 * (n - 1) weigh 100 together, each by how near it is, and all others nothing.
WITH of_month AS (
    SELECT
        tenant_id, user_id, query_type, model, provider, month_year, CAST(created_at AS DATE) AS day,
        input_tokens, output_tokens, credits_used
    FROM query_usage_once
    WHERE month_year = {month}
), placed AS (
    SELECT
        {by}, input_tokens, output_tokens, credits_used,
        95 * (count(*) OVER (PARTITION BY {by}) - 1) AS p95_place,
        100 * (row_number() OVER (PARTITION BY {by} ORDER BY input_tokens) - 1) AS input_place,
        100 * (row_number() OVER (PARTITION BY {by} ORDER BY output_tokens) - 1) AS output_place
    FROM of_month
), weighed AS (
    SELECT
        {by}, input_tokens, output_tokens, credits_used,
        CAST(input_tokens AS {amount}) * greatest(0, 100 - abs(p95_place - input_place)) AS weighed_input,
        CAST(output_tokens AS {amount}) * greatest(0, 100 - abs(p95_place - output_place)) AS weighed_output
    FROM placed
)
SELECT
    {by},
    count(*) AS requests,
    sum(input_tokens) AS sum_input_tokens,
    sum(output_tokens) AS sum_output_tokens,
    sum(credits_used) AS credits,
    CAST(sum(weighed_input) * CAST('0.01' AS {amount}) AS {amount}) AS p95_input_tokens,
    CAST(sum(weighed_output) * CAST('0.01' AS {amount}) AS {amount}) AS p95_output_tokens
FROM weighed
GROUP BY {by}
ORDER BY credits DESC, {by}
