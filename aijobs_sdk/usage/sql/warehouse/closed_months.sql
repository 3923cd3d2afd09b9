-- Which months are closed now, and with what were they closed?
SELECT act.month, act.version, rows, credits, digest
FROM month_act AS act
JOIN closed_month ON closed_month.month = act.month AND closed_month.version = act.version
WHERE act.act = 'closed'
ORDER BY act.month;
