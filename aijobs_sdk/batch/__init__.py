"""HOW DO I ASK FOR MANY? Rows in, jobs between, rows out."""
