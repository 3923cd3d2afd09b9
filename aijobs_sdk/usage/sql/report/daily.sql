-- What did each of the dearest models, and all others together, cost on each day of one month's own usage?
-- Corrections of other months have days of their own, in months that are over.
WITH cost AS (
    SELECT day, model, sum(credits_used) AS credits
    FROM entry
    WHERE billing_month = $month AND month_year = $month
    GROUP BY day, model
), ranked AS (
    SELECT model, least(row_number() OVER (ORDER BY sum(credits) DESC, model), $most + 1) AS place
    FROM cost
    GROUP BY model
)
SELECT
    day, CASE WHEN place > $most THEN $others ELSE any_value(model) END AS model,
    sum(credits)::DECIMAL(38,6) AS credits
FROM cost JOIN ranked USING (model)
GROUP BY day, place
ORDER BY day, place;
