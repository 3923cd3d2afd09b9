"""Measure calls to a provider alone: `python -m benchmarks.providers [--quick]`."""

from __future__ import annotations

from benchmarks.effort import asked_effort
from benchmarks.providers import calls
from benchmarks.table import print_machine, print_table

if __name__ == "__main__":
    effort = asked_effort()
    print_machine()
    print_table(calls.TITLE, calls.rows(effort))
