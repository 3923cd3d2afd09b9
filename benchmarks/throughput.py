"""No-op jobs in memory: how many a second, and how soon is one back?"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Coroutine, Iterator, Mapping
from importlib.util import find_spec
from statistics import quantiles
from typing import Any, TypeVar

import aijobs_sdk as aijobs
from benchmarks.effort import Effort, asked_effort
from benchmarks.engines import OURS, OURS_BLOCKING, PEERS, Engine, Submit
from benchmarks.table import Measure, Row, compare, not_installed, print_machine, print_table

TITLE = "Throughput and latency: no-op jobs in memory, the best round"
BURST = Measure("burst, jobs/s", target=10_000, more_is_better=True)
CPU = Measure("burst, CPU µs a job")
P50 = Measure("one at a time, p50 ms", target=1.0)
P99 = Measure("one at a time, p99 ms")
BULK = Measure("submit_many, jobs/s", target=10_000, more_is_better=True)
BACKLOG = Measure("10,000 waiting, jobs/s", more_is_better=True)

T = TypeVar("T")


def rows(effort: Effort) -> Iterator[Row]:
    """Measure the engines in turn, then what only ours has."""
    logging.disable(logging.WARNING)  # peers report every job
    engines = [engine for engine in (OURS, OURS_BLOCKING, *PEERS) if find_spec(engine.package)]
    rounds = [{engine: _run(_figures(engine, effort)) for engine in engines} for _ in range(effort.rounds)]
    for measure in (BURST, CPU, P50, P99):
        best = {engine.name: measure.best(figures[engine][measure] for figures in rounds) for engine in engines}
        yield from compare(measure, best.pop(OURS.name), best)
    bulk = BULK.best(_run(_bulk(effort.jobs)) for _ in range(effort.rounds))
    yield from compare(BULK, bulk, {})
    few, many = (BACKLOG.best(_run(_drain(jobs)) for _ in range(effort.rounds)) for jobs in (1_000, 10_000))
    yield from compare(BACKLOG, many, {"AsyncClient with 1,000 waiting": few})
    yield from not_installed(peer.package for peer in PEERS)


def _run(measurement: Coroutine[Any, Any, T]) -> T:
    gc.collect()  # what the one before left behind is not this one's to clear
    return asyncio.run(measurement)


async def _figures(engine: Engine, effort: Effort) -> Mapping[Measure, float]:
    async with engine.open() as submit:
        await (await submit())()  # the first job builds what later ones share
        return await _one_at_a_time(submit, effort) | await _burst(submit, effort.jobs)


async def _burst(submit: Submit, jobs: int) -> dict[Measure, float]:
    """Submit them one by one, then wait for each."""
    start, cpu_start = time.perf_counter(), time.process_time()
    waits = [await submit() for _ in range(jobs)]
    for wait in waits:
        await wait()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return {BURST: jobs / seconds, CPU: cpu_seconds / jobs * 1e6}


async def _one_at_a_time(submit: Submit, effort: Effort) -> dict[Measure, float]:
    """Submit the next when the last is done."""
    milliseconds: list[float] = []
    end = time.perf_counter() + effort.loop_seconds
    while len(milliseconds) < effort.jobs and (start := time.perf_counter()) < end:
        await (await submit())()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return {P50: _percentile(milliseconds, 50), P99: _percentile(milliseconds, 99)}


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


def _percentile(values: list[float], percent: int) -> float:
    # A peer that polls slowly may have had time for one job only.
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    print_machine()
    print_table(TITLE, rows(asked_effort()))
