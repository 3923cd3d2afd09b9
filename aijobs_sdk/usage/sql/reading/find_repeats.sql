-- Which rows come under an id that has earlier statements, and which are those?
-- They are all that are stored, those that were corrected since among them, or else the first of this batch. Found over
-- id and position alone: a join of whole rows costs ten times as much.
CREATE TEMP TABLE repeat AS
WITH arrival AS (
    SELECT id, position FROM judged WHERE reason IS NULL
), stored AS (
    SELECT DISTINCT id, entry.position FROM entry JOIN arrival USING (id) WHERE kind <> 'reversal'
), first AS (
    SELECT id, min(position) AS position FROM arrival GROUP BY id HAVING count(*) > 1
)
SELECT arrival.position, stored.position AS earlier, true AS is_stored FROM arrival JOIN stored USING (id)
UNION ALL
SELECT arrival.position, first.position, false
FROM arrival
JOIN first USING (id)
WHERE arrival.position <> first.position AND id NOT IN (SELECT id FROM stored);
