-- Under which of these ids was no row ever set aside as contradicting another?
SELECT id
FROM (SELECT unnest($ids::UUID[]) AS id)
WHERE id NOT IN (SELECT (said ->> 'id')::UUID FROM set_aside WHERE reason = 'id_conflict')
ORDER BY id;
