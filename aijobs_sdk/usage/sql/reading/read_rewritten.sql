-- What do these files say that were taken apart line by line and written anew?
CREATE OR REPLACE TEMP TABLE arrived AS
SELECT file_index, false AS needs_care, *
FROM read_csv(
    $paths, columns = $columns, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
    new_line = '\n', max_line_size = $longest, buffer_size = 4 * $longest
);
