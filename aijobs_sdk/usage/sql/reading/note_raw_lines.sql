-- Where do these rows of one file stand in it, and what is written there?
INSERT INTO raw_line SELECT $file_id, unnest($rows), unnest($lines), unnest($raws);
