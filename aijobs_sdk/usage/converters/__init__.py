"""What do the records of others say? Their lines as usage rows, what they lack named by the caller."""
