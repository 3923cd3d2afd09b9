-- What do the folders of the files just read say in place of a column that the files have not?
UPDATE arrived SET {column} = $value WHERE {column} IS NULL AND reason IS NULL;
