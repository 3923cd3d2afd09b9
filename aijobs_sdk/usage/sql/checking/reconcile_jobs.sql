-- On which jobs of a month do usage and job records not agree?
-- A job is of the month in which it completed, and of each that bills usage of it: all usage of such a job counts,
-- whatever month bears it, since a row may fall behind the border that its job is before.
-- A job of a vendor's own batches says no amount: each of its requests has a row.
WITH completed_job AS (
    SELECT job_id, credits_used AS credits, completed_at >= $start AND completed_at < $end AS is_of_month
    FROM job
    WHERE status = 'completed'
), of_month AS (
    SELECT job_id FROM completed_job WHERE is_of_month
    UNION
    SELECT job_id FROM entry WHERE billing_month = $month AND job_id IS NOT NULL
), used AS (
    SELECT job_id, sum(quantity) AS rows, sum(credits_used) AS credits, bool_and(economy) AS came_by_batch
    FROM entry
    WHERE job_id IN (FROM of_month)
    GROUP BY job_id
    HAVING rows <> 0
    UNION ALL
    SELECT 'of none: row ' || id, sum(quantity) AS rows, sum(credits_used), false
    FROM entry
    WHERE job_id IS NULL AND billing_month = $month
    GROUP BY id
    HAVING rows <> 0
), held AS (
    SELECT
        coalesce(used.job_id, done.job_id) AS job_id, done.credits AS job_credits, used.credits AS usage_credits,
        CASE
            WHEN done.job_id IS NULL THEN 'usage_without_job'
            WHEN done.credits IS NULL THEN CASE WHEN came_by_batch THEN 'agreed' ELSE 'usage_without_job' END
            WHEN used.job_id IS NULL THEN 'job_without_usage'
            WHEN rows > 1 THEN 'repeated_usage'
            WHEN done.credits <> used.credits THEN 'amount_differs'
            ELSE 'agreed'
        END AS verdict
    FROM used
    FULL JOIN (FROM completed_job WHERE job_id IN (FROM of_month)) AS done ON done.job_id = used.job_id
    WHERE used.job_id IS NOT NULL OR done.credits IS NOT NULL
), difference AS (
    FROM held
    WHERE verdict <> 'agreed'
    ORDER BY abs(coalesce(job_credits, 0) - coalesce(usage_credits, 0)) DESC, job_id
    LIMIT $shown
)
SELECT
    count(*) FILTER (verdict = 'agreed') AS agreed,
    count(*) FILTER (verdict = 'job_without_usage') AS jobs_without_usage,
    count(*) FILTER (verdict = 'usage_without_job') AS usage_without_job,
    count(*) FILTER (verdict = 'amount_differs') AS amount_differs,
    count(*) FILTER (verdict = 'repeated_usage') AS repeated_usage,
    (SELECT coalesce(list(difference), []) FROM difference) AS differences
FROM held;
