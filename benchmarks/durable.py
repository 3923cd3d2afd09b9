"""No-op jobs in SQLite and in PostgreSQL: how many a second, and how soon is one back?"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.durable_engines import ON_POSTGRES, ON_SQLITE, OURS, DurableEngine
from benchmarks.effort import Effort, asked_effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.loops import Latency, Pace, latency, one_by_one, pace, run, side_by_side
from benchmarks.table import Measure, Row, compare, not_installed, print_machine, print_table
from services.postgres import running_postgres

TITLE = "Throughput and latency: no-op jobs in a database, the best round"
SUBMITTERS = 64
SQLITE_TARGET = 5_000
"""Jobs a second, submitted in one call or by many."""
P50_TARGET = 5.0
RIVALS = ("procrastinate", "dbos")
MULTIPLE = 3
"""How many times as fast as the better rival, at its best, we promise to be on PostgreSQL."""
WARM_UP = 20
"""Jobs before anything is measured: they build what later ones share, such as prepared statements."""
PATIENCE = 2.0
"""Loops that a burst submits for, at most: slow engines get fewer jobs."""


class Figures(NamedTuple):
    """What one round of one engine came to."""

    bulk: Pace | None
    many: Pace
    alone: Pace
    back: Latency

    @property
    def fastest(self) -> float:
        """Jobs a second, whichever way they were submitted."""
        return max(burst.jobs_per_second for burst in (self.bulk, self.many, self.alone) if burst is not None)


Rounds = Mapping[DurableEngine, Sequence[Figures]]
Burst = Callable[[Figures], Pace | None]


def rows(effort: Effort) -> Iterator[Row]:
    """Measure the engines in turn, each in an empty database, first on SQLite, then on PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="aijobs-bench-") as folder:
        files = (f"sqlite:///{folder}/{number}.db" for number in count(1))
        rounds = _measure(ON_SQLITE, partial(next, files), effort)
        yield from _rows("SQLite", rounds, SQLITE_TARGET, sync_ms=_sync_ms(Path(folder)))
    with running_postgres() as server:
        rounds = _measure(ON_POSTGRES, server.new_database, effort)
        rivals = [one.fastest for engine, theirs in rounds.items() if engine.package in RIVALS for one in theirs]
        yield from _rows("PostgreSQL", rounds, MULTIPLE * max(rivals) if rivals else None)
    yield from not_installed(peer.package for peer in (*ON_SQLITE, *ON_POSTGRES))


def _measure(peers: Sequence[DurableEngine], new_database: Callable[[], str], effort: Effort) -> Rounds:
    rounds: dict[DurableEngine, list[Figures]] = {one: [] for one in (OURS, *peers) if find_spec(one.package)}
    for _ in range((effort.rounds + 1) // 2):  # half of them: one takes most of a minute
        for engine, figures in rounds.items():
            url = new_database()
            in_fresh_process(_prepare, engine, url)
            figures.append(in_fresh_process(_measured, engine, url, effort))
    return rounds


def _prepare(engine: DurableEngine, url: str) -> None:
    """Have the engine make its tables: what does so is loaded once in the life of a database, not at each start."""
    logging.disable(logging.WARNING)
    run(_opened(engine, url))


async def _opened(engine: DurableEngine, url: str) -> None:
    async with engine.open(url):
        pass


def _measured(engine: DurableEngine, url: str, effort: Effort) -> Figures:
    logging.disable(logging.WARNING)  # peers report every job
    return run(_figures(engine, url, effort))


async def _figures(engine: DurableEngine, url: str, effort: Effort) -> Figures:
    seconds = effort.loop_seconds * PATIENCE
    async with engine.open(url) as queue:
        for _ in range(WARM_UP):
            await (await queue.submit())()
        back = await latency(queue.submit, effort)
        alone = await pace(partial(one_by_one, queue.submit, effort.jobs, until=time.perf_counter() + seconds))
        until = time.perf_counter() + seconds
        many = await pace(partial(side_by_side, queue.submit, effort.jobs, submitters=SUBMITTERS, until=until))
        # In one call there is no telling when to stop: as many as the others came to.
        bulk = None if queue.submit_many is None else await pace(partial(queue.submit_many, many.jobs))
    return Figures(bulk, many, alone, back)


def _rows(place: str, rounds: Rounds, target: float | None, *, sync_ms: float | None = None) -> Iterator[Row]:
    yield from _paces(f"{place}, submit_many", rounds, lambda one: one.bulk, target)
    yield from _paces(f"{place}, {SUBMITTERS} submitters", rounds, lambda one: one.many, target)
    yield from _paces(f"{place}, one submitter", rounds, lambda one: one.alone, None)
    p50, p99 = Measure(f"{place}, one at a time, p50 ms", P50_TARGET), Measure(f"{place}, one at a time, p99 ms")
    best = {engine.name: p50.best(one.back.p50 for one in figures) for engine, figures in rounds.items()}
    disk = {} if sync_ms is None else {"the disk: one fsync": sync_ms}
    yield from compare(p50, best.pop(OURS.name), best | disk)
    best = {engine.name: p99.best(one.back.p99 for one in figures) for engine, figures in rounds.items()}
    yield from compare(p99, best.pop(OURS.name), best)


def _paces(name: str, rounds: Rounds, burst: Burst, target: float | None) -> Iterator[Row]:
    """Yield rows of jobs a second, with how many jobs each engine was given, and of the CPU a job."""
    speed = Measure(f"{name}, jobs/s", target, more_is_better=True)
    cpu = Measure(f"{name}, CPU µs")
    bursts = {engine: [one for one in map(burst, figures) if one is not None] for engine, figures in rounds.items()}
    fastest = {engine: max(theirs, key=lambda one: one.jobs_per_second) for engine, theirs in bursts.items() if theirs}
    named = {f"{engine.name}: {one.jobs:,} jobs": one.jobs_per_second for engine, one in fastest.items()}
    ours, *_ = named
    yield from compare(speed, named.pop(ours), named)
    least = {engine.name: cpu.best(one.cpu_microseconds for one in bursts[engine]) for engine in fastest}
    yield from compare(cpu, least.pop(OURS.name), least)


def _sync_ms(folder: Path) -> float:
    """Return how long this disk takes to make one page safe, which no durable engine can do without."""
    milliseconds = []
    with (folder / "page").open("wb") as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            milliseconds.append((time.perf_counter() - start) * 1000)
    return median(milliseconds)


if __name__ == "__main__":
    print_machine()
    print_table(TITLE, rows(asked_effort()))
