"""WHERE IS THE TRUTH KEPT, FOR GOOD? In a SQLite file or a PostgreSQL database: one schema, one store."""
