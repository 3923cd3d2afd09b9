-- How many ids were put right, by how much did the bill grow, and which months bear it?
SELECT
    (SELECT count(*) FROM correction) AS corrections,
    coalesce(sum(credits_used), 0)::DECIMAL(38,6) AS credits,
    coalesce(list(DISTINCT billing_month ORDER BY billing_month), []) AS months
FROM entry
WHERE position > (SELECT min(last_position) FROM correction);
