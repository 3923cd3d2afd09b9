-- Which values of a measure lie around its median and 95th percentile, by model and (no model) over all rows?
-- The values on either side of each, as quantile_cont() of whole numbers is a DOUBLE, and cuts a DECIMAL short.
-- Rows are counted by coarse buckets first, and only the buckets in question are looked into: sorting all costs more.
-- A bucket is reckoned in DOUBLE, which keeps the order of the values, and in which every multiple of them has room.
-- Counts are sums of `quantity`, in which a row and its reversal cancel out. They are the month's own rows: what was
-- put right of another month says nothing about this one.
WITH counted AS (
    SELECT model, quantity, abs({measure}) AS value, (value::DOUBLE * $buckets_per_unit)::BIGINT AS bucket
    FROM entry
    WHERE billing_month = $month AND month_year = $month AND {measure} IS NOT NULL
), bucket_count AS (
    SELECT model, bucket, sum(quantity)::BIGINT AS rows
    FROM counted
    GROUP BY GROUPING SETS ((model, bucket), (bucket))
), placed AS (
    SELECT
        model, bucket, sum(rows) OVER (PARTITION BY model) AS all_rows,
        sum(rows) OVER (PARTITION BY model ORDER BY bucket) AS up_to, up_to - rows AS rows_below
    FROM bucket_count
), ranked AS (
    SELECT
        model, bucket, all_rows, rows_below, up_to,
        unnest(['below_p50', 'above_p50', 'below_p95', 'above_p95']) AS name,
        unnest([
            (all_rows - 1) * 50 // 100, ((all_rows - 1) * 50 + 99) // 100,
            (all_rows - 1) * 95 // 100, ((all_rows - 1) * 95 + 99) // 100
        ]) AS rank
    FROM placed
    WHERE all_rows > 0
), sought AS (
    SELECT * FROM ranked WHERE rank >= rows_below AND rank < up_to
), looked_into AS (
    SELECT
        sought.model, name, all_rows, rank, value,
        rows_below + sum(sum(quantity)) OVER (PARTITION BY sought.model, name ORDER BY value) AS up_to
    FROM sought
    JOIN counted ON counted.bucket = sought.bucket AND (sought.model IS NULL OR sought.model = counted.model)
    GROUP BY sought.model, name, all_rows, rank, rows_below, value
)
SELECT
    model, all_rows::BIGINT AS rows,
    min(value) FILTER (name = 'below_p50' AND up_to > rank) AS below_p50,
    min(value) FILTER (name = 'above_p50' AND up_to > rank) AS above_p50,
    min(value) FILTER (name = 'below_p95' AND up_to > rank) AS below_p95,
    min(value) FILTER (name = 'above_p95' AND up_to > rank) AS above_p95
FROM looked_into
GROUP BY model, all_rows
ORDER BY rows DESC, model NULLS FIRST;
