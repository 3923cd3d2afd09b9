-- How many attempts did one month's rows take, and what was billed for jobs that failed, or for none that is known?
-- Without records of jobs, a row that names one is taken at its word.
SELECT
    sum(quantity * abs(attempts)) AS attempts,
    coalesce(sum(quantity * (abs(attempts) - 1)) FILTER (attempts <> 0), 0) AS retried,
    coalesce(sum(credits_used) FILTER (status IN ('failed', 'cancelled')), 0)::DECIMAL(38,6) AS wasted,
    coalesce(sum(credits_used) FILTER (
        job_id IS NULL OR (status IS NULL AND EXISTS (FROM job))
    ), 0)::DECIMAL(38,6) AS unattributed,
    EXISTS (FROM job) AS jobs_known
FROM entry
LEFT JOIN (SELECT job_id, status FROM job) USING (job_id)
WHERE billing_month = $month;
