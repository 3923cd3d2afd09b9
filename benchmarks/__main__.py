"""Run every benchmark: `python -m benchmarks [--quick]`."""

from __future__ import annotations

from benchmarks import durable, first_result, import_time, throughput
from benchmarks.effort import asked_effort
from benchmarks.http import serving
from benchmarks.providers import calls
from benchmarks.simulation import in_process, servers
from benchmarks.table import print_machine, print_table

if __name__ == "__main__":
    effort = asked_effort()
    print_machine()
    for benchmark in (import_time, first_result, throughput, durable, calls, serving, in_process, servers):
        print_table(benchmark.TITLE, benchmark.rows(effort))
