"""What do many calls to a provider cost, in time and in CPU, beside the vendor's own library?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.providers import callers
from benchmarks.providers.callers import Cost, Load
from benchmarks.table import Measure, Row, compare, not_installed

TITLE = "Completions from a loopback endpoint, the best round; peers behind a semaphore"
LIBRARY = "openai, its default client"
OURS = "aijobs_sdk"
CALLERS = {LIBRARY: callers.openai_default, "openai, on aiohttp": callers.openai_on_aiohttp, OURS: callers.ours}
MOST_OF_IDEAL = 1.15
"""How many times as long as the provider itself we may take."""
MOST_OF_LIBRARY = 0.7
"""How many times the CPU of the library on its default client, in the same run, we may take."""


class Case(NamedTuple):
    """One load."""

    name: str
    milliseconds: int
    """That each call takes the provider."""
    concurrency: int
    streamed: bool = False
    limits: str = "told"
    """Whether the vendor says what it allows, as OpenAI does; `untold`, it is to be found out."""
    limits_wall: bool = False
    limits_cpu: bool = False


CASES = (
    Case("0.5 s, 200 at a time", 500, 200, limits_wall=True),
    Case("0.5 s, 200 at a time, limits untold", 500, 200, limits="untold"),
    Case("50 ms, 100 at a time", 50, 100, limits_cpu=True),
    Case("50 ms, 100 streams", 50, 100, streamed=True),
)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure all cases by all callers in turn, each time in a process of its own."""
    if not find_spec("openai"):
        yield from not_installed(["openai"])
        return
    with _endpoint() as address:
        for case in CASES:
            yield from _rows(case, address, effort)


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
    load = Load(f"{address}/{case.milliseconds}/{case.limits}", effort.jobs // 5, case.concurrency, case.streamed)
    rounds: dict[str, list[Cost]] = {name: [] for name in CALLERS}
    for _ in range((effort.rounds + 1) // 2):
        for name, caller in CALLERS.items():
            rounds[name].append(in_fresh_process(caller, load))
    walls = {name: [cost.wall_seconds for cost in costs] for name, costs in rounds.items()}
    efforts = {name: [cost.cpu_microseconds for cost in costs] for name, costs in rounds.items()}
    ideal = load.calls / case.concurrency * case.milliseconds / 1000
    most_wall = MOST_OF_IDEAL * ideal if case.limits_wall else None
    most_cpu = MOST_OF_LIBRARY * min(efforts[LIBRARY]) if case.limits_cpu else None
    yield from _compared(Measure(f"{case.name}: wall s", most_wall), walls)
    yield from _compared(Measure("    CPU µs a call", most_cpu), efforts)


def _compared(measure: Measure, rounds: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    best = {name: measure.best(figures) for name, figures in rounds.items()}
    yield from compare(measure, best.pop(OURS), best)
