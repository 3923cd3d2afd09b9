-- On which days of a month may a tenant have used far more, or far less, of a model than on the days before?
-- A quick screen in DOUBLE that lets pass all that the exact rule may tell of (see report/anomalies.py): a median is
-- at most one standard deviation from the mean. What passes comes with its days before, to be judged in Decimal.
-- Days without usage count as 0, from a tenant's first day with a model to its last.
WITH used AS MATERIALIZED (
    SELECT tenant_id, model, day, sum(credits_used) AS credits, sum(quantity) AS rows
    FROM entry
    WHERE day BETWEEN $first_day::DATE - $window AND $last_day
    GROUP BY ALL
), seen AS (
    SELECT tenant_id, model, min(day) AS since, max(day) AS until
    FROM used
    GROUP BY ALL
    HAVING until >= $first_day AND max(credits) >= $least_credits
), daily AS MATERIALIZED (
    SELECT tenant_id, model, day, coalesce(credits, 0)::DECIMAL(38,6) AS credits, coalesce(rows, 0)::BIGINT AS rows
    FROM (SELECT tenant_id, model, unnest(range(since, until + 1, INTERVAL 1 DAY))::DATE AS day FROM seen)
    LEFT JOIN used USING (tenant_id, model, day)
), compared AS (
    SELECT
        tenant_id, model, day, credits, sum(rows) OVER before AS rows_before,
        avg(credits::DOUBLE) OVER before AS mean, avg(credits::DOUBLE ** 2) OVER before AS mean_square,
        count(*) OVER before AS days
    FROM daily
    WINDOW before AS (PARTITION BY tenant_id, model ORDER BY day ROWS BETWEEN $window PRECEDING AND 1 PRECEDING)
), plausible AS MATERIALIZED (
    SELECT tenant_id, model, day, credits, mean * days / rows_before AS row_credits
    FROM compared
    WHERE day >= $first_day AND days >= $least_days AND rows_before > 0
      AND abs(credits - mean) + sqrt(greatest(mean_square - mean ** 2, 0)) >= 0.99 * greatest(
          $least_credits, $threshold * (row_credits + sqrt(mean * row_credits)))
), judged AS (
    SELECT
        tenant_id, model, plausible.day AS day, any_value(plausible.credits) AS credits,
        list(daily.credits ORDER BY daily.day) AS before, sum(daily.rows)::BIGINT AS rows_before,
        median(daily.credits::DOUBLE) AS usual, mad(daily.credits::DOUBLE) AS median_deviation,
        stddev_pop(daily.credits::DOUBLE) AS deviation, avg(daily.credits::DOUBLE) AS mean,
        sum(daily.credits::DOUBLE) / rows_before AS row_credits
    FROM plausible JOIN daily USING (tenant_id, model)
    WHERE daily.day BETWEEN plausible.day - $window AND plausible.day - 1
    GROUP BY tenant_id, model, plausible.day
)
SELECT tenant_id, model, day, credits, before, rows_before
FROM judged
WHERE abs(credits - usual) >= 0.99 * greatest($least_credits, $threshold * greatest(
          CASE WHEN median_deviation > 0 THEN 1.4826 * median_deviation ELSE deviation END,
          row_credits + sqrt(mean * row_credits)))
  AND (credits > usual OR day < (SELECT max(day) FROM entry))  -- the newest day may not be over
ORDER BY abs(credits - usual) DESC, day, tenant_id, model
LIMIT $most;
