-- Which rows that were set aside are settled now? All of the ids that were put right: the newest counts, no other.
UPDATE set_aside
SET resolved_at = $at
WHERE reason = 'id_conflict' AND resolved_at IS NULL
    AND (said ->> 'id')::UUID IN (SELECT wrong.id FROM correction);
