-- Which models, of which providers, are there rows of, and do they draw?
SELECT provider, model, bool_and(starts_with(query_type, 'image')) AS draws
FROM entry
GROUP BY provider, model
ORDER BY provider, model;
