"""WHO DOES THE WORK? The table of models, and one file a vendor."""
