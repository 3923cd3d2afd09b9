-- What counts now of each id that is to be put right, and what does the newest row say that was set aside of it?
-- Without $ids all that wait.
CREATE TEMP TABLE correction AS
WITH contradiction AS (
    SELECT (said ->> 'id')::UUID AS id, file_id, row, said
    FROM set_aside
    WHERE reason = 'id_conflict' AND resolved_at IS NULL
), newest AS (
    SELECT id, max_by(contradiction, (file_id, row)) AS row_aside
    FROM contradiction
    WHERE $ids::UUID[] IS NULL OR id IN (SELECT unnest($ids::UUID[]))
    GROUP BY id
), counting AS (
    -- the last entry of an id: a reversal never stays the last
    SELECT id, max(position) AS position FROM entry JOIN newest USING (id) GROUP BY id
)
SELECT
    row_number() OVER (ORDER BY row_aside.file_id, row_aside.row) AS number,
    (SELECT max(position) FROM entry) AS last_position,
    entry AS wrong, row_aside.said AS said, row_aside.file_id AS file_id, row_aside.row AS row
FROM newest
JOIN counting USING (id)
JOIN entry ON entry.position = counting.position;
