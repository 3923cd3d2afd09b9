-- What statements were kept of these months when they were closed?
SELECT month, report -> '$.statements' AS statements
FROM month_act
JOIN closed_month USING (month, version)
WHERE act = 'closed' AND report IS NOT NULL AND list_contains($months, month);
