-- What does one month bear for months that were closed when the rows arrived?
SELECT
    month_year, CASE kind WHEN 'usage' THEN 'late' ELSE kind END AS kind, count(*) AS rows,
    sum(credits_used)::DECIMAL(38,6) AS credits
FROM entry
WHERE billing_month = $month AND month_year <> $month
GROUP BY ALL
ORDER BY ALL;
