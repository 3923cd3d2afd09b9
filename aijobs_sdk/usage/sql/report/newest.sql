-- When was the newest row of one month made, and how often was that month closed?
SELECT
    (SELECT max(created_at) FROM entry WHERE billing_month = $month) AS newest,
    (SELECT count(*) FROM month_act WHERE month = $month AND act = 'closed') AS times_closed;
