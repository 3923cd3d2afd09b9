-- Of the months that this month bills, which are billed by later months that are closed, too? By which others, and how much?
-- It is a month that was reopened: what was charged after it stands.
WITH here AS (
    SELECT DISTINCT tenant_id, month_year FROM entry WHERE billing_month = $month
), after AS (
    SELECT DISTINCT tenant_id, month_year
    FROM entry
    JOIN here USING (tenant_id, month_year)
    WHERE billing_month > $month AND billing_month IN (SELECT month FROM closed_month)
)
SELECT
    tenant_id, month_year, billing_month, sum(credits_used)::DECIMAL(38,6) AS credits,
    billing_month IN (SELECT month FROM closed_month) AS is_closed
FROM entry
JOIN after USING (tenant_id, month_year)
WHERE billing_month < $month OR (billing_month > $month AND is_closed)
GROUP BY ALL
ORDER BY ALL;
