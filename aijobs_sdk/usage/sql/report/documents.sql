-- How many documents came of one month's rows, and what did the rows that name one cost?
WITH document AS (
    SELECT sum(quantity) AS rows, sum(credits_used) AS credits
    FROM entry
    WHERE billing_month = $month AND document_id IS NOT NULL
    GROUP BY document_id
)
SELECT count(*) FILTER (rows > 0) AS documents, coalesce(sum(credits), 0)::DECIMAL(38,6) AS credits FROM document;
