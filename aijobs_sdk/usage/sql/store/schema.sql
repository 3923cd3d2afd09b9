-- What is kept of usage?
-- An entry's `position` orders all entries by arrival: by file in the order read (file_id << 40, from 1 on), then by place in the
-- file (+ row). What is entered otherwise takes the positions after the last: max(position) + 1.
CREATE TABLE setting (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);  -- layout, timezone

CREATE TABLE source_file (
    file_id BIGINT PRIMARY KEY, path VARCHAR NOT NULL, format VARCHAR NOT NULL, size_bytes BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    place VARCHAR NOT NULL,  -- where it really is, whatever `path` it was named by
    same_as BIGINT,  -- the earlier file with the same bytes, which was read in this one's stead
    rows_read BIGINT NOT NULL, kept BIGINT NOT NULL, duplicates BIGINT NOT NULL, quarantined BIGINT NOT NULL,
    late BIGINT NOT NULL,  -- kept rows that are billed in a later month than their own
    month_mismatches BIGINT NOT NULL,  -- kept rows whose month_year is not the month of created_at in the store's zone
    loaded_at TIMESTAMP NOT NULL
);

-- Each id is one `usage` entry. What is put right later is a `reversal` of it, with negative numbers, and a
-- `replacement`; nothing is ever changed or deleted here.
CREATE TABLE entry (
    position BIGINT NOT NULL, kind VARCHAR NOT NULL, quantity TINYINT NOT NULL,  -- 1; of a reversal -1
    id UUID NOT NULL, tenant_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, query_type VARCHAR NOT NULL,
    model VARCHAR NOT NULL, provider VARCHAR NOT NULL, input_tokens BIGINT NOT NULL, output_tokens BIGINT NOT NULL,
    credits_used DECIMAL(18,6) NOT NULL, metered_credits DECIMAL(38,18), cached_input_tokens BIGINT,
    attempts INTEGER, latency_seconds DECIMAL(18,6), job_id VARCHAR, document_id VARCHAR,  -- NULL: metadata says none
    economy BOOLEAN NOT NULL,  -- it went by a batch of the vendor's own, which costs less and takes hours
    metadata VARCHAR NOT NULL,
    month_year VARCHAR NOT NULL,     -- the month it was used in, as the row says
    billing_month VARCHAR NOT NULL,  -- the month it is billed in: a later one if that was closed when it arrived
    created_at TIMESTAMP NOT NULL, day DATE NOT NULL,  -- UTC; the day in the store's zone
    file_id BIGINT NOT NULL, row BIGINT NOT NULL
);

CREATE TABLE set_aside (
    file_id BIGINT NOT NULL, row BIGINT NOT NULL, line BIGINT NOT NULL, reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL, raw VARCHAR NOT NULL,
    said JSON,  -- of an `id_conflict`: what the row says, by column of `entry`, as text or null, to be accepted later
    resolved_at TIMESTAMP  -- when it was accepted, or its file was read again
);

-- What was done to a month, in order: `closed` or `reopened`. It is closed if the last act is that.
CREATE TABLE month_act (
    month VARCHAR NOT NULL, act VARCHAR NOT NULL, version INTEGER NOT NULL, acted_at TIMESTAMP NOT NULL,
    reason VARCHAR NOT NULL, rows BIGINT, credits DECIMAL(38,6), digest VARCHAR, price_version VARCHAR, report JSON,
    PRIMARY KEY (month, act, version)
);

-- When corrections were accepted. The rows that were have the same time as their `resolved_at`.
CREATE TABLE correction_act (
    accepted_at TIMESTAMP NOT NULL, reason VARCHAR NOT NULL, corrections BIGINT NOT NULL,
    credits DECIMAL(38,6) NOT NULL
);

CREATE TABLE job (
    job_id VARCHAR PRIMARY KEY, tenant_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, type VARCHAR NOT NULL,
    status VARCHAR NOT NULL,  -- completed, failed or cancelled
    model VARCHAR, provider VARCHAR, attempts INTEGER NOT NULL, credits_used DECIMAL(18,6),
    estimated_credits DECIMAL(18,6), error_code VARCHAR, error_category VARCHAR, created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP, completed_at TIMESTAMP
);

-- The models whose prices were looked for, found or not.
CREATE TABLE known_model (provider VARCHAR NOT NULL, model VARCHAR NOT NULL, PRIMARY KEY (provider, model));

-- US dollars per million tokens, by the day from which they hold.
CREATE TABLE price (
    provider VARCHAR NOT NULL, model VARCHAR NOT NULL, valid_from DATE NOT NULL,
    input_usd DECIMAL(24,12) NOT NULL, cached_input_usd DECIMAL(24,12), output_usd DECIMAL(24,12) NOT NULL,
    source VARCHAR NOT NULL, as_of DATE NOT NULL, PRIMARY KEY (provider, model, valid_from)
);

CREATE VIEW closed_month AS
SELECT month, max_by(version, (version, act = 'reopened')) AS version FROM month_act
GROUP BY month HAVING max_by(act, (version, act = 'reopened')) = 'closed';

-- In which month is a row billed whose own is closed? The first one after it that is not. Only closed months are here.
CREATE VIEW month_instead AS
WITH RECURSIVE moved AS (
    SELECT month, month AS billing_month FROM closed_month
    UNION ALL
    SELECT month, strftime(strptime(billing_month || '-01', '%Y-%m-%d') + INTERVAL 1 MONTH, '%Y-%m')
    FROM moved
    WHERE billing_month IN (SELECT month FROM closed_month)
)
SELECT month, max(billing_month) AS billing_month FROM moved GROUP BY month;

-- For users: what is billed, what is not, and why.
CREATE VIEW usage AS
SELECT
    id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used, metadata,
    month_year, created_at, day, metered_credits, billing_month, kind, quantity, cached_input_tokens, attempts,
    latency_seconds, job_id, document_id, economy, file_id, row
FROM entry;

CREATE VIEW quarantine AS
SELECT path AS file, line, reason, detail, raw, file_id, row FROM set_aside JOIN source_file USING (file_id)
WHERE resolved_at IS NULL;
