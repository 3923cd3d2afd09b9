-- How many attempts came to nothing by model, and what does a good row of it cost by its tokens?
-- A row that does not say what its tokens cost counts with what it was billed.
WITH good AS (
    SELECT
        model, sum(quantity) AS rows, sum(coalesce(metered_credits, credits_used)) AS credits,
        coalesce(sum(quantity * (abs(attempts) - 1)) FILTER (attempts <> 0), 0) AS retried
    FROM entry
    WHERE billing_month = $month
    GROUP BY model
    HAVING sum(quantity) > 0
), lost AS (
    SELECT model, sum(attempts) AS attempts
    FROM job
    WHERE status IN ('failed', 'cancelled')
      AND coalesce(completed_at, created_at) >= $since AND coalesce(completed_at, created_at) < $until
    GROUP BY model
)
SELECT retried + coalesce(lost.attempts, 0) AS attempts, rows, credits
FROM good LEFT JOIN lost USING (model)
ORDER BY model;
