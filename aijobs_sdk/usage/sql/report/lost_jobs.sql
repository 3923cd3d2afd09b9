-- Which jobs came to nothing in one month, by what ended them?
SELECT
    status, coalesce(error_code, 'unknown') AS error_code, count(*) AS jobs, sum(attempts) AS attempts,
    sum(greatest(attempts - 1, 0)) AS retried
FROM job
WHERE status IN ('failed', 'cancelled')
  AND coalesce(completed_at, created_at) >= $since AND coalesce(completed_at, created_at) < $until
GROUP BY ALL
ORDER BY jobs DESC, error_code, status;
