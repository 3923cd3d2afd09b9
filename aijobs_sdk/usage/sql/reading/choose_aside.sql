-- Which rows cannot be billed, and why not?
-- A row that contradicts an earlier one keeps what it says, so that it can be accepted as a correction.
CREATE TEMP TABLE aside AS
SELECT file_id, row, reason, detail, NULL::JSON AS said FROM judged WHERE reason IS NOT NULL
UNION ALL
SELECT
    judged.file_id, row, 'id_conflict',
    'the id was first seen in ' || coalesce(known.path, batch_file.path, 'no file') || ' with another ' || differences,
    to_json({
        'id': id::VARCHAR, 'tenant_id': tenant_id, 'user_id': user_id, 'query_type': query_type, 'model': model,
        'provider': provider, 'input_tokens': input_tokens::VARCHAR, 'output_tokens': output_tokens::VARCHAR,
        'credits_used': credits_used::VARCHAR, 'metered_credits': metered_credits::VARCHAR,
        'cached_input_tokens': cached_input_tokens::VARCHAR, 'attempts': attempts::VARCHAR,
        'latency_seconds': latency_seconds::VARCHAR, 'job_id': job_id, 'document_id': document_id,
        'economy': economy::VARCHAR, 'metadata': metadata, 'month_year': month_year, 'created_at': created_at::VARCHAR, 'day': day::VARCHAR
    })
FROM conflict
JOIN judged USING (position)
LEFT JOIN source_file AS known ON known.file_id = earlier_file_id
LEFT JOIN batch_file ON batch_file.file_id = earlier_file_id;
