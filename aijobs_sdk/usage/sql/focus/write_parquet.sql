-- What are these rows of text as Parquet, each column in its type?
COPY (
    SELECT * FROM read_csv($rows, columns = $columns, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"')
) TO $target (FORMAT parquet, COMPRESSION zstd);
