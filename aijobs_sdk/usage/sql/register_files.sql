-- Which files are read?
INSERT INTO loaded_file
SELECT unnest($file_ids), unnest($paths), unnest($formats), unnest($sizes), unnest($hashes), unnest($same_as);
