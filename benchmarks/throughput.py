"""No-op jobs in memory: how many a second, and how soon is one back?"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.util import find_spec

import aijobs_sdk as aijobs
from benchmarks.effort import Effort, asked_effort
from benchmarks.engines import OURS, OURS_BLOCKING, PEERS, Engine
from benchmarks.fresh_process import in_fresh_process
from benchmarks.loops import latency, one_by_one, pace, run
from benchmarks.table import Measure, Row, compare, not_installed, print_machine, print_table

TITLE = "Throughput and latency: no-op jobs in memory, the best round"
BURST = Measure("burst, jobs/s", target=10_000, more_is_better=True)
CPU = Measure("burst, CPU µs a job")
P50 = Measure("one at a time, p50 ms", target=1.0)
P99 = Measure("one at a time, p99 ms")
BULK = Measure("submit_many, jobs/s", target=10_000, more_is_better=True)
BACKLOG = Measure("10,000 waiting, jobs/s", more_is_better=True)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure the engines in turn, then what only ours has."""
    engines = [engine for engine in (OURS, OURS_BLOCKING, *PEERS) if find_spec(engine.package)]
    rounds = [{one: in_fresh_process(_measured, one, effort) for one in engines} for _ in range(effort.rounds)]
    for measure in (BURST, CPU, P50, P99):
        best = {engine.name: measure.best(figures[engine][measure] for figures in rounds) for engine in engines}
        yield from compare(measure, best.pop(OURS.name), best)
    bulk = BULK.best(run(_bulk(effort.jobs)) for _ in range(effort.rounds))
    yield from compare(BULK, bulk, {})
    few, many = (BACKLOG.best(run(_drain(jobs)) for _ in range(effort.rounds)) for jobs in (1_000, 10_000))
    yield from compare(BACKLOG, many, {"AsyncClient with 1,000 waiting": few})
    yield from not_installed(peer.package for peer in PEERS)


def _measured(engine: Engine, effort: Effort) -> Mapping[Measure, float]:
    logging.disable(logging.WARNING)  # peers report every job
    return run(_figures(engine, effort))


async def _figures(engine: Engine, effort: Effort) -> Mapping[Measure, float]:
    async with engine.open() as submit:
        await (await submit())()  # the first job builds what later ones share
        back = await latency(submit, effort)
        burst = await pace(partial(one_by_one, submit, effort.jobs))
    return {BURST: burst.jobs_per_second, CPU: burst.cpu_microseconds, P50: back.p50, P99: back.p99}


async def _bulk(jobs: int) -> float:
    """Return jobs a second when all are submitted in one call."""
    async with aijobs.AsyncClient() as client:
        start = time.perf_counter()
        for handle in await client.submit_many([client.request(type="test_job") for _ in range(jobs)]):
            await handle.wait()
        return jobs / (time.perf_counter() - start)


async def _drain(jobs: int) -> float:
    """Return jobs a second while a backlog of so many is worked off."""
    async with aijobs.AsyncClient() as client:
        handles = await client.submit_many([client.request(type="test_job") for _ in range(jobs)])
        start = time.perf_counter()
        for handle in handles:
            await handle.wait()
        return jobs / (time.perf_counter() - start)


if __name__ == "__main__":
    print_machine()
    print_table(TITLE, rows(asked_effort()))
