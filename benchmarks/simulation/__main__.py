"""Measure the simulation alone: `python -m benchmarks.simulation [--quick]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from benchmarks.effort import asked_effort
from benchmarks.simulation import in_process, servers
from benchmarks.table import Row, print_machine, print_table


def main() -> int:
    """Return the exit code: 1 where something could not be measured."""
    effort = asked_effort()
    print_machine()
    unmeasured: list[Row] = []
    for benchmark in (in_process, servers):
        print_table(benchmark.TITLE, _noting(benchmark.rows(effort), unmeasured))
    return 1 if unmeasured else 0


def _noting(rows: Iterable[Row], unmeasured: list[Row]) -> Iterator[Row]:
    for row in rows:
        if row.ours is None:
            unmeasured.append(row)
        yield row


if __name__ == "__main__":
    sys.exit(main())
