"""Measure the job API alone: `python -m benchmarks.http [--quick]`."""

from __future__ import annotations

from benchmarks.effort import asked_effort
from benchmarks.http import serving
from benchmarks.table import print_machine, print_table

if __name__ == "__main__":
    effort = asked_effort()
    print_machine()
    print_table(serving.TITLE, serving.rows(effort))
