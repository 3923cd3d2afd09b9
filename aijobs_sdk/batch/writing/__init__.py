"""HOW ARE RESULTS HANDED OUT? To files and to the tables of a notebook."""
