-- Which amounts of this Parquet file have more digits than a DECIMAL of DuckDB, which reads them as DOUBLE?
-- As everywhere in a header, case does not count.
SELECT name
FROM parquet_schema($path)
WHERE lower(name) IN ('credits_used', 'estimated_credits', 'metered_credits')
    AND converted_type = 'DECIMAL' AND precision > 38
ORDER BY name;
