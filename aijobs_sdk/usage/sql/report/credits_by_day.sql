-- What was used on each day of a span, and which days does the store hold at all?
SELECT
    day, sum(credits_used)::DECIMAL(38,6) AS credits,
    (SELECT min(day) FROM entry) AS first_day, (SELECT max(day) FROM entry) AS last_day
FROM entry
WHERE day BETWEEN $since AND $until
GROUP BY day
ORDER BY day;
