-- Which files are read?
INSERT INTO batch_file
SELECT
    unnest($file_ids), unnest($paths), unnest($places), unnest($formats), unnest($sizes), unnest($hashes),
    unnest($same_as);
