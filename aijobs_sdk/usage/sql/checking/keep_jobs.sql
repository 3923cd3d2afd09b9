-- Which of the jobs that were told of are news?
-- What is told of one job twice, now or before, is what it says of the later end; of the same end, what came last.
INSERT OR REPLACE INTO job BY NAME
WITH newest AS (
    SELECT max_by(rowid, (coalesce(completed_at, created_at), rowid)) AS place FROM told GROUP BY job_id
)
SELECT told.*
FROM told
JOIN newest ON told.rowid = newest.place
LEFT JOIN job USING (job_id)
WHERE job.job_id IS NULL
    OR coalesce(told.completed_at, told.created_at) >= coalesce(job.completed_at, job.created_at);
