"""Batches over a loopback endpoint: time, CPU, rows lost under a rate limit, memory; beside what others use."""
