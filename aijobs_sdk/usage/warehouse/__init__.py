"""And past one machine? The same questions in the SQL of a warehouse, and a lake of Parquet."""
