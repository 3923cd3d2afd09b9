-- How many rows of each of the files just read are there?
SELECT $paths[file_index::BIGINT + 1], count(*) FROM arrived GROUP BY ALL;
