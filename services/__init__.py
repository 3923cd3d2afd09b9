"""WHAT DO TESTS AND BENCHMARKS TALK TO? Real servers, started on this machine for as long as they are needed."""
