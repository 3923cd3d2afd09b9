"""Measure calls to a provider: `python -m benchmarks.providers [--quick]`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks.effort import Effort, asked_effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.providers import callers
from benchmarks.providers.callers import Cost, Load
from benchmarks.table import Measure, Row, compare, print_machine, print_table

TITLE = "Completions from a loopback endpoint, the best round; peers behind a semaphore"
CALLERS = {
    "openai, its default client": callers.openai_default,
    "openai, on aiohttp": callers.openai_on_aiohttp,
    "": callers.ours,
}
OURS = ""
MOST_OF_IDEAL = 1.15
"""How much longer than the provider itself we may take."""


class Case(NamedTuple):
    """One load."""

    name: str
    milliseconds: int
    """That each call takes the provider."""
    concurrency: int
    streamed: bool = False
    limits_wall: bool = False


CASES = (
    Case("0.5 s, 200 at a time", 500, 200, limits_wall=True),
    Case("50 ms, 100 at a time", 50, 100),
    Case("50 ms, 100 streams", 50, 100, streamed=True),
)


def main() -> None:
    """Measure all cases by all callers in turn."""
    effort = asked_effort()
    print_machine()
    with _endpoint() as address:
        print_table(TITLE, (row for case in CASES for row in _rows(case, address, effort)))


@contextmanager
def _endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.providers.endpoint"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def _rows(case: Case, address: str, effort: Effort) -> Iterator[Row]:
    load = Load(f"{address}/{case.milliseconds}", effort.jobs // 5, case.concurrency, case.streamed)
    rounds: dict[str, list[Cost]] = {name: [] for name in CALLERS}
    for _ in range((effort.rounds + 1) // 2):
        for name, caller in CALLERS.items():
            rounds[name].append(in_fresh_process(caller, load))
    ideal = load.calls / case.concurrency * case.milliseconds / 1000
    wall = Measure(f"{case.name}: wall s", MOST_OF_IDEAL * ideal if case.limits_wall else None)
    cpu = Measure("    CPU µs a call")
    yield from _compared(wall, {name: [cost.wall_seconds for cost in costs] for name, costs in rounds.items()})
    yield from _compared(cpu, {name: [cost.cpu_microseconds for cost in costs] for name, costs in rounds.items()})


def _compared(measure: Measure, rounds: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    best = {name: measure.best(figures) for name, figures in rounds.items()}
    yield from compare(measure, best.pop(OURS), best)


if __name__ == "__main__":
    main()
