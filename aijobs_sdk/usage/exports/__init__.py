"""How does usage leave? Rows written to CSV, JSON lines and Parquet, whole files or none."""
