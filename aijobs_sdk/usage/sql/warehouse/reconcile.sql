-- On which jobs of one month do usage and the records of jobs not agree?
-- Rows that name no job are one line, with no job_id. All usage of a job counts, whatever month it is of: a row may fall
-- behind the border that its job is before. A job of a vendor's own batches says no amount: each of its requests has a
-- row.
WITH told AS (
    SELECT
        {job_id} AS job_id, 0 AS jobs, 0 AS jobs_without_amount, CAST(0 AS {amount}) AS by_job, 1 AS entries,
        CASE WHEN replace(metadata, '"economy": true', '') <> metadata OR replace(metadata, '"economy":true', '') <> metadata
             THEN 1 ELSE 0 END AS by_batch,
        CAST(credits_used AS {amount}) AS by_usage,
        CASE WHEN month_year = {month} THEN 1 ELSE 0 END AS in_month
    FROM query_usage_once
    UNION ALL
    SELECT
        CAST(job_id AS {text}) AS job_id, CASE WHEN credits_used IS NULL THEN 0 ELSE 1 END AS jobs,
        CASE WHEN credits_used IS NULL THEN 1 ELSE 0 END AS jobs_without_amount,
        CAST(coalesce(credits_used, 0) AS {amount}) AS by_job, 0 AS entries, 0 AS by_batch,
        CAST(0 AS {amount}) AS by_usage,
        CASE WHEN credits_used IS NOT NULL AND completed_at >= TIMESTAMP {since} AND completed_at < TIMESTAMP {until}
             THEN 1 ELSE 0 END AS in_month
    FROM job
    WHERE status = 'completed'
), added AS (
    SELECT
        job_id, sum(jobs) AS completed_jobs, sum(jobs_without_amount) AS batches, sum(entries) AS usage_entries,
        sum(by_batch) AS batch_entries, sum(by_job) AS job_credits, sum(by_usage) AS usage_credits
    FROM told
    GROUP BY job_id
    HAVING max(in_month) = 1
), judged AS (
    SELECT
        job_id,
        CASE
            WHEN usage_entries = 0 THEN 'job_without_usage'
            WHEN batches > 0 AND batch_entries = usage_entries THEN 'agreed'
            WHEN completed_jobs = 0 THEN 'usage_without_job'
            WHEN usage_entries > 1 THEN 'repeated_usage'
            WHEN job_credits <> usage_credits THEN 'amount_differs'
            ELSE 'agreed'
        END AS verdict,
        job_credits, usage_credits
    FROM added
)
SELECT job_id, verdict, job_credits, usage_credits
FROM judged
WHERE verdict <> 'agreed'
ORDER BY job_id
