-- What takes back that which was wrong?
-- Everything in it that can be added up is the negative of what it reverses. It says where that came from.
INSERT INTO entry BY NAME
WITH wrong_entry AS (
    SELECT last_position + 2 * number - 1 AS reversal_position, unnest(wrong) FROM correction
)
SELECT
    wrong_entry.* EXCLUDE (reversal_position) REPLACE (
        reversal_position AS position, 'reversal' AS kind, -quantity AS quantity, -input_tokens AS input_tokens,
        -output_tokens AS output_tokens, -credits_used AS credits_used, -metered_credits AS metered_credits,
        -cached_input_tokens AS cached_input_tokens, -attempts AS attempts, -latency_seconds AS latency_seconds,
        coalesce(month_instead.billing_month, wrong_entry.billing_month) AS billing_month
    )
FROM wrong_entry
LEFT JOIN month_instead ON month_instead.month = wrong_entry.billing_month;
