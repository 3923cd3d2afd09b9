-- Which months were closed and reopened, when and why, in that order?
SELECT
    month, act, version, strftime(acted_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS "at", reason, rows, credits, digest, price_version
FROM month_act
ORDER BY acted_at, month, version, act = 'reopened';
