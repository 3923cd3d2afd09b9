-- Which amounts of this Parquet file have more digits than a DECIMAL of DuckDB, which reads them as DOUBLE?
SELECT name
FROM parquet_schema($path)
WHERE name IN ('credits_used', 'estimated_credits', 'metered_credits') AND converted_type = 'DECIMAL' AND precision > 38
ORDER BY name;
