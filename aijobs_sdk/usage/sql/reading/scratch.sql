-- What is needed while one batch of files is read?
CREATE TEMP TABLE batch_file (
    file_id BIGINT, path VARCHAR, place VARCHAR, format VARCHAR, size_bytes BIGINT, sha256 VARCHAR, same_as BIGINT
);

CREATE TEMP TABLE read_count (file_id BIGINT, rows_read BIGINT);

-- Each row in types. A `reason` says why it cannot be billed.
CREATE TEMP TABLE judged (
    position BIGINT, file_id BIGINT, row BIGINT, reason VARCHAR, detail VARCHAR, id UUID, tenant_id VARCHAR,
    user_id VARCHAR, query_type VARCHAR, model VARCHAR, provider VARCHAR, input_tokens BIGINT, output_tokens BIGINT,
    credits_used DECIMAL(18,6), metered_credits DECIMAL(38,18), cached_input_tokens BIGINT, attempts INTEGER,
    latency_seconds DECIMAL(18,6), job_id VARCHAR, document_id VARCHAR, economy BOOLEAN, metadata VARCHAR,
    month_year VARCHAR, created_at TIMESTAMP, day DATE, is_month_of_day BOOLEAN
);

CREATE TEMP TABLE raw_line (file_id BIGINT, row BIGINT, line BIGINT, raw VARCHAR);

-- The columns of an export, all as text: readers add them to a file so that a column it lacks is NULL.
CREATE TEMP TABLE no_export (
    id VARCHAR, tenant_id VARCHAR, user_id VARCHAR, query_type VARCHAR, model VARCHAR, provider VARCHAR,
    input_tokens VARCHAR, output_tokens VARCHAR, credits_used VARCHAR, metadata VARCHAR, month_year VARCHAR,
    created_at VARCHAR, schema_version VARCHAR, reason VARCHAR, detail VARCHAR
);

CREATE TEMP MACRO problem(reason, detail) AS {'reason': reason, 'detail': detail};
CREATE TEMP MACRO said(name, value) AS name || ' is ' || coalesce('''' || left(value, 60) || '''', 'empty');
CREATE TEMP MACRO whole_number(value) AS CASE WHEN regexp_full_match(value, '\d{1,18}') THEN TRY_CAST(value AS BIGINT) END;
CREATE TEMP MACRO name_or_null(value) AS CASE
    WHEN length(value) BETWEEN 1 AND 200 AND NOT starts_with(value, '{') AND NOT starts_with(value, '[') THEN value
END;
