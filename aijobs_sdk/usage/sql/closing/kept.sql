-- With what was a month closed that is closed now?
SELECT act.version, rows, credits, digest, report
FROM month_act AS act
JOIN closed_month ON closed_month.month = act.month AND closed_month.version = act.version
WHERE act.act = 'closed' AND act.month = $month;
