-- What is kept of the files that were read?
-- A row's `position` orders all rows: by file in the order given, then by place in the file.
CREATE TABLE loaded_file (
    file_id BIGINT, path VARCHAR, format VARCHAR, size_bytes BIGINT, sha256 VARCHAR,
    same_as BIGINT  -- the earlier file with the same bytes, which was read in this one's stead
);
CREATE TABLE read_count (file_id BIGINT, rows_read BIGINT);
CREATE TABLE record (
    file_id BIGINT, row BIGINT, position BIGINT, is_duplicate BOOLEAN, reason VARCHAR, detail VARCHAR,
    id UUID, tenant_id VARCHAR, user_id VARCHAR, query_type VARCHAR, model VARCHAR, provider VARCHAR,
    input_tokens BIGINT, output_tokens BIGINT, credits_used DECIMAL(18,6), metered_credits DECIMAL(38,18),
    metadata VARCHAR, month_year VARCHAR, created_at TIMESTAMP
);
CREATE TABLE raw_line (file_id BIGINT, row BIGINT, line BIGINT, raw VARCHAR);

CREATE VIEW usage AS
SELECT
    id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used, metadata,
    month_year, created_at, strftime(created_at, '%Y-%m-%d') AS day, metered_credits, file_id, row
FROM record
WHERE reason IS NULL AND NOT is_duplicate;

CREATE VIEW quarantine AS
SELECT path AS file, line, record.reason, detail, raw, record.file_id, row
FROM record
JOIN loaded_file USING (file_id)
LEFT JOIN raw_line USING (file_id, row)
WHERE record.reason IS NOT NULL;

CREATE VIEW source_file AS
WITH outcome AS (
    SELECT
        file_id,
        count(*) FILTER (reason IS NULL AND NOT is_duplicate) AS kept,
        count(*) FILTER (is_duplicate) AS duplicates,
        count(*) FILTER (reason IS NOT NULL) AS quarantined
    FROM record
    GROUP BY file_id
)
SELECT
    loaded_file.file_id, path, format, size_bytes, sha256, same_as, coalesce(rows_read, 0) AS rows_read,
    coalesce(kept, 0) AS kept,
    CASE WHEN same_as IS NULL THEN coalesce(duplicates, 0) ELSE coalesce(rows_read, 0) END AS duplicates,
    coalesce(quarantined, 0) AS quarantined
FROM loaded_file
LEFT JOIN read_count ON read_count.file_id = coalesce(same_as, loaded_file.file_id)
LEFT JOIN outcome ON outcome.file_id = loaded_file.file_id;

-- The columns of an export, all as text: readers add them to a file so that a column it lacks is NULL.
CREATE TEMP TABLE no_export (
    id VARCHAR, tenant_id VARCHAR, user_id VARCHAR, query_type VARCHAR, model VARCHAR, provider VARCHAR,
    input_tokens VARCHAR, output_tokens VARCHAR, credits_used VARCHAR, metadata VARCHAR, month_year VARCHAR,
    created_at VARCHAR, schema_version VARCHAR, reason VARCHAR, detail VARCHAR
);

CREATE TEMP MACRO said(name, value) AS name || ' is ' || coalesce('''' || left(value, 60) || '''', 'empty');
