-- Which files with these bytes were read before, where did they lie, and which file has the rows?
SELECT sha256, place, coalesce(same_as, file_id) AS original
FROM source_file
WHERE list_contains($hashes, sha256)
ORDER BY file_id;
