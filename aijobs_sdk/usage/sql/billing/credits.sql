-- How many credits did each tenant use in the months that this month bills, before it and with it?
-- Mostly that is this month alone. Rows that came late, and what was put right, are of months that were closed.
SELECT
    tenant_id,
    month_year,
    coalesce(sum(credits_used) FILTER (billing_month < $month), 0)::DECIMAL(38,6) AS before,
    sum(credits_used)::DECIMAL(38,6) AS now
FROM entry
WHERE billing_month <= $month
  AND month_year IN (SELECT DISTINCT month_year FROM entry WHERE billing_month = $month)
GROUP BY tenant_id, month_year
HAVING count(*) FILTER (billing_month = $month) > 0
ORDER BY tenant_id, month_year;
