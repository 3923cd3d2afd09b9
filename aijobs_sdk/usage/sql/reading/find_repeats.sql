-- Which rows come under an id that an earlier statement has?
-- Of a row of this batch that is the newest one stored, or else the first of the batch. Found over id and position
-- alone: a join of whole rows costs ten times as much.
CREATE TEMP TABLE repeat AS
WITH arrival AS (
    SELECT id, position FROM judged WHERE reason IS NULL
), stored AS (
    SELECT id, max(entry.position) AS position
    FROM entry
    JOIN arrival USING (id)
    WHERE kind <> 'reversal'
    GROUP BY id
), first AS (
    SELECT id, min(position) AS position FROM arrival GROUP BY id HAVING count(*) > 1
)
SELECT arrival.position, stored.position AS earlier, true AS is_stored FROM arrival JOIN stored USING (id)
UNION ALL
SELECT arrival.position, first.position, false
FROM arrival
JOIN first USING (id)
WHERE arrival.position <> first.position AND id NOT IN (SELECT id FROM stored);
