-- What did one month cost, by the columns asked for, dearest first?
-- {by} names columns of `entry`, {keys} has each as text; each is followed by a comma. With none the answer is the
-- month's total. A key that a row does not have is empty.
SELECT
    {keys}
    coalesce(sum(quantity), 0) AS rows,
    coalesce(sum(input_tokens), 0) AS input_tokens,
    coalesce(sum(output_tokens), 0) AS output_tokens,
    coalesce(sum(credits_used), 0)::DECIMAL(38,6) AS credits,
    sum(metered_credits) AS metered_credits
FROM entry
WHERE billing_month = $month
GROUP BY ALL
ORDER BY credits DESC, {by} rows;
