"""Do others count the same? Usage held against the records of jobs, and against a provider's invoice."""
