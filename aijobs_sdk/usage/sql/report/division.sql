-- What did one month cost by one column: the dearest values, and in a last row, without a value, what the others cost?
WITH cost AS (
    SELECT
        {column} AS value, sum(quantity) AS rows, sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens, sum(credits_used) AS credits, sum(metered_credits) AS metered_credits
    FROM entry
    WHERE billing_month = $month
    GROUP BY value
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY credits DESC, value) AS rank FROM cost
)
SELECT
    CASE WHEN least(rank, $most + 1) <= $most THEN min(value) END AS value, count(*) AS values,
    sum(rows) AS rows, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    sum(credits)::DECIMAL(38,6) AS credits, sum(metered_credits) AS metered_credits
FROM ranked
GROUP BY least(rank, $most + 1)
ORDER BY least(rank, $most + 1);
