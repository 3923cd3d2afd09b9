-- Which files with these bytes were read before, as what, where did they lie, and which file has the rows?
-- Not those of which a row was set aside by rules that do not hold now: they are read again.
SELECT sha256, format, place, coalesce(same_as, file_id) AS original
FROM source_file
WHERE list_contains($hashes, sha256) AND ($strict_months OR coalesce(same_as, file_id) NOT IN (
    SELECT file_id FROM set_aside WHERE reason = 'month_mismatch' AND resolved_at IS NULL
))
ORDER BY file_id;
