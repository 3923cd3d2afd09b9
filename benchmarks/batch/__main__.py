"""Measure batches alone: `python -m benchmarks.batch [--quick]`."""

from __future__ import annotations

from benchmarks.batch import many_rows
from benchmarks.effort import asked_effort
from benchmarks.table import print_machine, print_table

if __name__ == "__main__":
    effort = asked_effort()
    print_machine()
    print_table(many_rows.TITLE, many_rows.rows(effort))
