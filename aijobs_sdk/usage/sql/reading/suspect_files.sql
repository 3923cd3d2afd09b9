-- Which of the files just read hold something that only a reading line by line can tell?
SELECT file_path FROM reject_errors JOIN reject_scans USING (scan_id, file_id) WHERE list_contains($paths, file_path)
UNION
SELECT $paths[file_index::BIGINT + 1] FROM arrived WHERE needs_care;
