-- Which jobs of one month failed or took more attempts than one, dearest first?
WITH suspect AS (
    SELECT job_id, type, status, attempts
    FROM job
    WHERE (status = 'failed' OR attempts > 1)
      AND coalesce(completed_at, created_at) >= $since AND coalesce(completed_at, created_at) < $until
), billed AS (
    SELECT
        job_id, min(query_type) AS type, max(abs(attempts)) AS attempts, sum(credits_used) AS credits
    FROM entry
    WHERE billing_month = $month AND (abs(attempts) > 1 OR job_id IN (SELECT job_id FROM suspect))
    GROUP BY job_id
    HAVING job_id IS NOT NULL AND sum(quantity) > 0
)
SELECT
    job_id, coalesce(suspect.type, billed.type) AS type, coalesce(status, 'completed') AS status,
    coalesce(suspect.attempts, billed.attempts) AS attempts, coalesce(credits, 0)::DECIMAL(38,6) AS credits
FROM suspect FULL JOIN billed USING (job_id)
ORDER BY credits DESC, attempts DESC, job_id
LIMIT $most;
