-- Which rows only say again what an earlier row said?
UPDATE record SET is_duplicate = true FROM repeat WHERE record.position = repeat.position AND differences = '';
