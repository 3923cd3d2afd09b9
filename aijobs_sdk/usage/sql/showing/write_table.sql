-- What are these lists of text, one a column, as a table in Parquet?
-- {columns} is an unnest of each list, cast to the type of the column.
COPY (SELECT {columns}) TO $target (FORMAT parquet, COMPRESSION zstd);
