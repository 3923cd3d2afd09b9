-- How often was this month closed, and is it closed now?
SELECT
    coalesce(max(version), 0) AS times_closed,
    EXISTS (FROM closed_month WHERE closed_month.month = $month) AS is_closed
FROM month_act
WHERE month = $month;
