-- How many rows did each of these files hold?
INSERT INTO read_count
SELECT $file_ids[file_index::BIGINT + 1], count(*)
FROM arrived
WHERE NOT list_contains($left_out, $file_ids[file_index::BIGINT + 1])
GROUP BY ALL;
