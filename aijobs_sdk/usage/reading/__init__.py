"""What do the exports say? Files of any age and quality, read once: kept, counted as repeated, or set aside."""
