-- What do rows $first to $last - 1 of a made-up year say? The same, whatever file they are in.
-- 200 tenants, of which the first use far more than the last, 50 users each, 20 models, 6 types; the rows are in the
-- order of their time, but one of a thousand arrives up to 40 days late.
SELECT
    md5(number::VARCHAR)::UUID::VARCHAR AS id,
    md5('tenant ' || tenant)::UUID::VARCHAR AS tenant_id,
    md5('user ' || tenant || ' ' || floor(50 * power(draw(number, 'user'), 2)))::UUID::VARCHAR AS user_id,
    ['text_generation', 'block_generate', 'block_refine', 'block_analyze', 'content_ideas', 'image_generation'][
        1 + floor(6 * power(draw(number, 'type'), 2))::INTEGER] AS query_type,
    'model-' || model AS model,
    ['openai', 'anthropic', 'bedrock', 'vertex'][1 + model % 4] AS provider,
    tokens_in AS input_tokens,
    tokens_out AS output_tokens,
    credits AS credits_used,
    '{"attempts": ' || CASE WHEN draw(number, 'attempts') < 0.03 THEN 2 ELSE 1 END
        || ', "document_id": "' || md5('document ' || number // 3)::UUID
        || '", "finish_reason": "stop", "job_id": "' || md5('job ' || number)::UUID
        || '", "metered_credits": "' || credits || '"}' AS metadata,
    strftime(instant, '%Y-%m') AS month_year,
    instant AS created_at,
    '1' AS schema_version
FROM (
    SELECT
        *,
        ((3 * tokens_in + 15 * tokens_out) * 0.000125::DECIMAL(6,6))::DECIMAL(18,6) AS credits,
        greatest(
            TIMESTAMP '2025-01-01',
            TIMESTAMP '2025-01-01' + to_microseconds(number * $microseconds_between)
            - CASE WHEN draw(number, 'late') < 0.001 THEN to_hours((960 * draw(number, 'days'))::BIGINT)
                   ELSE INTERVAL 0 HOUR END
        ) AS instant
    FROM (
        SELECT
            number,
            floor(200 * power(draw(number, 'tenant'), 3))::INTEGER AS tenant,
            floor(20 * power(draw(number, 'model'), 2))::INTEGER AS model,
            20 + (4000 * power(draw(number, 'in'), 4))::BIGINT AS tokens_in,
            1 + (1500 * power(draw(number, 'out'), 3))::BIGINT AS tokens_out
        FROM (SELECT range AS number FROM range($first::BIGINT, $last::BIGINT))
    )
)
