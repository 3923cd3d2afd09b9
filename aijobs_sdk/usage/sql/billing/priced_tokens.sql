-- How many tokens did one month read, read from the vendor's cache, and write, by model and by the day of its price?
-- Prices begin on days of UTC. A part is never more than the whole, whatever a vendor counted. A reversal has
-- negative numbers, and the created_at of what it reverses.
SELECT
    provider,
    model,
    bool_and(starts_with(query_type, 'image')) AS draws,
    created_at::DATE AS utc_day,
    economy,
    sum(quantity)::BIGINT AS rows,
    sum(input_tokens) AS input_tokens,
    sum(quantity * least(abs(coalesce(cached_input_tokens, 0)), abs(input_tokens))) AS cached_input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(credits_used)::DECIMAL(38,6) AS credits
FROM entry
WHERE billing_month = $month
GROUP BY provider, model, utc_day, economy
ORDER BY provider, model, utc_day, economy;
