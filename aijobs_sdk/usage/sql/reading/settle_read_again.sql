-- Which rows that were set aside have been read again in this batch, and were judged anew?
-- Those of the same bytes. If they were read as another format, only where that is what they are: a row of them is one.
UPDATE set_aside
SET resolved_at = $now
WHERE resolved_at IS NULL AND file_id IN (
    SELECT other.file_id
    FROM source_file AS other
    JOIN batch_file ON batch_file.sha256 = other.sha256 AND batch_file.same_as IS NULL
    JOIN source_file AS again ON again.file_id = batch_file.file_id
    WHERE again.file_id <> coalesce(other.same_as, other.file_id)
        AND (again.format = other.format OR again.kept + again.duplicates > 0)
);
