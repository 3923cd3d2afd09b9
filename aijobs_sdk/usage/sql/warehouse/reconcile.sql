-- On which jobs of one month do usage and the records of jobs not agree?
-- Rows that name no job are one line, with no job_id. All usage of a job counts, whatever month it is of: a row may fall
-- behind the border that its job is before.
WITH told AS (
    SELECT
        {job_id} AS job_id, 0 AS jobs, CAST(0 AS {amount}) AS by_job, 1 AS entries,
        CAST(credits_used AS {amount}) AS by_usage,
        CASE WHEN month_year = {month} THEN 1 ELSE 0 END AS in_month
    FROM query_usage_once
    UNION ALL
    SELECT
        CAST(job_id AS {text}) AS job_id, 1 AS jobs, CAST(credits_used AS {amount}) AS by_job, 0 AS entries,
        CAST(0 AS {amount}) AS by_usage,
        CASE WHEN completed_at >= TIMESTAMP {since} AND completed_at < TIMESTAMP {until} THEN 1 ELSE 0 END AS in_month
    FROM job
    WHERE status = 'completed' AND credits_used IS NOT NULL
), added AS (
    SELECT
        job_id, sum(jobs) AS completed_jobs, sum(entries) AS usage_entries, sum(by_job) AS job_credits,
        sum(by_usage) AS usage_credits
    FROM told
    GROUP BY job_id
    HAVING max(in_month) = 1
), judged AS (
    SELECT
        job_id,
        CASE
            WHEN usage_entries = 0 THEN 'job_without_usage'
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
