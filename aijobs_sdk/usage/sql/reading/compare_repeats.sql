-- Which rows say what no earlier statement of their id says, and in what do they differ from the newest?
-- One that says what was said before is a copy, also if that has been corrected since.
CREATE TEMP TABLE conflict AS
WITH earlier AS (
    SELECT
        position, file_id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used,
        metadata, month_year, created_at
    FROM entry
    WHERE position IN (SELECT earlier FROM repeat WHERE is_stored) AND kind <> 'reversal'
    UNION ALL
    SELECT
        position, file_id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens, credits_used,
        metadata, month_year, created_at
    FROM judged
    WHERE position IN (SELECT earlier FROM repeat WHERE NOT is_stored)
), compared AS (
    SELECT
        later.position, earlier.position AS earlier, earlier.file_id AS earlier_file_id,
        concat_ws(', ',
            CASE WHEN later.tenant_id <> earlier.tenant_id THEN 'tenant_id' END,
            CASE WHEN later.user_id <> earlier.user_id THEN 'user_id' END,
            CASE WHEN later.query_type <> earlier.query_type THEN 'query_type' END,
            CASE WHEN later.model <> earlier.model THEN 'model' END,
            CASE WHEN later.provider <> earlier.provider THEN 'provider' END,
            CASE WHEN later.input_tokens <> earlier.input_tokens THEN 'input_tokens' END,
            CASE WHEN later.output_tokens <> earlier.output_tokens THEN 'output_tokens' END,
            CASE WHEN later.credits_used <> earlier.credits_used THEN 'credits_used' END,
            -- key order and spaces do not count
            CASE WHEN later.metadata <> earlier.metadata AND NOT (
                     json_contains(later.metadata, earlier.metadata) AND json_contains(earlier.metadata, later.metadata)
                 ) THEN 'metadata' END,
            CASE WHEN later.month_year <> earlier.month_year THEN 'month_year' END,
            CASE WHEN later.created_at <> earlier.created_at THEN 'created_at' END
        ) AS differences
    FROM repeat
    JOIN judged AS later ON later.position = repeat.position
    JOIN earlier ON earlier.position = repeat.earlier
)
SELECT position, max_by(earlier_file_id, earlier) AS earlier_file_id, max_by(differences, earlier) AS differences
FROM compared
GROUP BY position
HAVING bool_and(differences <> '');
