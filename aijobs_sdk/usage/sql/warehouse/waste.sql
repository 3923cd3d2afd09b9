-- What was billed in one month for jobs that failed or were cancelled, or for none that is known, and how many failed?
-- A row that names no job and a job without a row are added up by job like all others, so that no join is needed: what a
-- join gives for what is missing differs.
WITH told AS (
    SELECT {job_id} AS job_id, CAST(credits_used AS {amount}) AS amount, '' AS status, 0 AS attempts, 0 AS ended
    FROM query_usage_once
    WHERE month_year = {month}
    UNION ALL
    SELECT
        CAST(job_id AS {text}) AS job_id, CAST(0 AS {amount}) AS amount, status, attempts,
        CASE WHEN coalesce(completed_at, created_at) >= TIMESTAMP {since}
              AND coalesce(completed_at, created_at) < TIMESTAMP {until} THEN 1 ELSE 0 END AS ended
    FROM job
), by_job AS (
    SELECT
        job_id, sum(amount) AS billed, max(status) AS outcome, max(attempts) AS tries, max(ended) AS in_month
    FROM told
    GROUP BY job_id
)
SELECT
    sum(billed) AS credits,
    sum(CASE WHEN outcome IN ('failed', 'cancelled') THEN billed ELSE CAST(0 AS {amount}) END) AS wasted_credits,
    sum(CASE WHEN outcome = '' THEN billed ELSE CAST(0 AS {amount}) END) AS unattributed_credits,
    sum(CASE WHEN outcome = 'failed' THEN in_month ELSE 0 END) AS failed_jobs,
    sum(CASE WHEN outcome = 'cancelled' THEN in_month ELSE 0 END) AS cancelled_jobs,
    sum(CASE WHEN tries > 1 THEN in_month * (tries - 1) ELSE 0 END) AS retried_attempts
FROM by_job
