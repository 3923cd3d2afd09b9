"""WHERE DO ROWS COME FROM? Files, tables and lists, a piece at a time, as plain Python."""
