"""WHAT IS KNOWN OF EACH ROW? What was asked and what became of it, most of it on disk."""
