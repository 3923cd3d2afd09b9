"""The loops that engines are measured in: many jobs at once, and one at a time."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from statistics import quantiles
from typing import Any, NamedTuple, TypeVar

from benchmarks.effort import Effort
from benchmarks.engines import Submit, Wait

T = TypeVar("T")
SubmitAll = Callable[[], Awaitable[list[Wait]]]
"""Starts jobs and returns the ways to wait for them."""


class Pace(NamedTuple):
    """How fast many jobs went."""

    jobs: int
    jobs_per_second: float
    """From the first submit to the last result."""
    cpu_microseconds: float
    """Of this process, for a job."""


class Latency(NamedTuple):
    """How soon one job is back, in milliseconds."""

    p50: float
    p99: float


def run(measurement: Coroutine[Any, Any, T]) -> T:
    """Return what was measured, on a fresh loop."""
    gc.collect()  # what the one before left behind is not this one's to clear
    return asyncio.run(measurement)


async def pace(submit_all: SubmitAll) -> Pace:
    """Submit, then wait for each, in order."""
    start, cpu_start = time.perf_counter(), time.process_time()
    waits = await submit_all()
    for wait in waits:
        await wait()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Pace(len(waits), len(waits) / seconds, cpu_seconds / len(waits) * 1e6)


async def one_by_one(submit: Submit, jobs: int, *, until: float = float("inf")) -> list[Wait]:
    """Submit the next when the last was taken; fewer jobs where `time.perf_counter()` passes `until`."""
    waits = [await submit()]
    while len(waits) < jobs and time.perf_counter() < until:
        waits.append(await submit())
    return waits


async def side_by_side(submit: Submit, jobs: int, *, submitters: int, until: float) -> list[Wait]:
    """Let so many submit one by one, at the same time."""
    theirs = [one_by_one(submit, jobs // submitters, until=until) for _ in range(submitters)]
    return [wait for waits in await asyncio.gather(*theirs) for wait in waits]


async def latency(submit: Submit, effort: Effort) -> Latency:
    """Submit the next when the last is done."""
    milliseconds: list[float] = []
    end = time.perf_counter() + effort.loop_seconds
    while len(milliseconds) < effort.jobs and (start := time.perf_counter()) < end:
        await (await submit())()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return Latency(_percentile(milliseconds, 50), _percentile(milliseconds, 99))


def _percentile(values: list[float], percent: int) -> float:
    # A peer that polls slowly may have had time for one job only.
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
