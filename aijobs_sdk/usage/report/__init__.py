"""What did a month cost, and why? Each section of the report, asked for in SQL."""
