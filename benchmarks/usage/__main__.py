"""Measure bills alone: `python -m benchmarks.usage [--rows N] [--rounds N] [--scratch DIR]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.table import print_machine, print_table
from benchmarks.usage import bills
from benchmarks.usage.bills import Plan
from benchmarks.usage.exports import PARQUET_FILES, ROWS_OF_CSV

SMALLEST = PARQUET_FILES * ROWS_OF_CSV


def main() -> None:
    """Measure what the command line asks for, in a folder that is gone afterwards."""
    parser = argparse.ArgumentParser(description="Measure bills, and print a table: us, the peer, the ratio.")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help=f"a multiple of {SMALLEST:,}; 10_000_000 for figures to keep"
    )
    parser.add_argument("--rounds", type=int, default=3, help="times that everything is measured; the best counts")
    parser.add_argument("--scratch", type=Path, help="where to write the files: 1.5 kB a row")
    asked = parser.parse_args()
    if asked.rows < SMALLEST or asked.rows % SMALLEST:
        parser.error(f"--rows must be a multiple of {SMALLEST:,}")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="aijobs-bench-", dir=asked.scratch) as scratch:
        plan = Plan(rows=asked.rows, rounds=asked.rounds, scratch=Path(scratch))
        print_table(bills.TITLE.format(rows=plan.rows, rounds=plan.rounds), bills.rows(plan))


if __name__ == "__main__":
    main()
