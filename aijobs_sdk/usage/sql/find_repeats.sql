-- Which rows come under an id that an earlier row has, and in what do they differ from it?
-- The first row of each id is found over id and position alone: a join of whole rows costs ten times as much.
CREATE TEMP TABLE repeat AS
WITH first AS (
    SELECT id, min(position) AS position FROM record WHERE reason IS NULL GROUP BY id HAVING count(*) > 1
)
SELECT
    later.position, earlier.file_id AS first_file_id,
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
FROM record AS later
JOIN first ON first.id = later.id
JOIN record AS earlier ON earlier.position = first.position
WHERE later.reason IS NULL AND later.position <> first.position;
