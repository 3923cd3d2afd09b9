"""WHAT DO TESTS AND BENCHMARKS MEET? Real servers, started here for as long as they are needed, and full disks."""
