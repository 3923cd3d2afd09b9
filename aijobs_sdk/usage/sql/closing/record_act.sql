-- What was done to which month, when and why; and what was kept of it?
INSERT INTO month_act BY NAME
SELECT
    $month AS month, $act AS act, $version AS version, $at AS acted_at, $reason AS reason, $rows AS rows,
    $credits::DECIMAL(38,6) AS credits, $digest AS digest, $price_version AS price_version, $report AS report;
