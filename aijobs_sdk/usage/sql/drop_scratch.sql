-- What was needed while reading only?
DROP TABLE IF EXISTS arrived;
DROP TABLE IF EXISTS repeat;
