"""What a job API delivers, how often it is asked for it, and how soon there is news: beside a loop that polls."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles

from benchmarks.effort import Effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.http import event_streams, watching
from benchmarks.table import Measure, Row, compare

TITLE = "A job API on this machine, in a process of its own"
STREAMS, PER_SECOND = 200, 30.0
MOST_LAG_MS = 50.0
MOST_REQUESTS = 10
MOST_FIRST_NEWS_MS = 15.0
POLLED_SECONDS = 1.0
POLLING = "FastAPI, polled every second"


def rows(effort: Effort) -> Iterator[Row]:
    """Measure ours and the loop that polls, one after the other."""
    with _served("benchmarks.http.served") as address:
        yield from _delivery(address, seconds=10 * effort.loop_seconds)
        yield from _watching(address, effort)
        news = in_fresh_process(_first_news, address, effort.processes * 10)
    with _served("benchmarks.http.polled") as address:
        polled = in_fresh_process(_first_polled_news, address, effort.processes)
    yield from compare(
        Measure("submit to first event: p50 ms", MOST_FIRST_NEWS_MS), median(news), {POLLING: median(polled)}
    )
    yield from compare(Measure("    p99 ms"), _p99(news), {POLLING: _p99(polled)})


def _delivery(address: str, seconds: float) -> Iterator[Row]:
    lags = in_fresh_process(_lags, address, seconds)
    name = f"{STREAMS} streams, {PER_SECOND:g} events/s each"
    yield from compare(Measure(f"{name}: p99 ms", MOST_LAG_MS), _p99(lags), {})
    yield from compare(Measure("    p50 ms"), median(lags), {})
    yield from compare(Measure("    events read", more_is_better=True), len(lags), {})


def _watching(address: str, effort: Effort) -> Iterator[Row]:
    jobs = effort.jobs // 5
    for name, most, at_once in (("waited for at once", MOST_REQUESTS, True), ("one after the other", None, False)):
        watched = [in_fresh_process(_watched, address, jobs, at_once) for _ in range(effort.rounds)]
        requests = Measure(f"{jobs:,} jobs, {name}: requests", most)
        yield from compare(requests, max(one.requests for one in watched), {})
        yield from compare(Measure("    seconds"), min(one.wall_seconds for one in watched), {})


def _lags(address: str, seconds: float) -> Sequence[float]:
    return asyncio.run(event_streams.lags_of_streams(address, STREAMS, PER_SECOND, seconds))


def _watched(address: str, jobs: int, at_once: bool) -> watching.Watched:  # noqa: FBT001 - passed on by place
    return asyncio.run(watching.watch_many(address, jobs, at_once=at_once))


def _first_news(address: str, jobs: int) -> Sequence[float]:
    return asyncio.run(watching.first_news_by_events(address, jobs))


def _first_polled_news(address: str, jobs: int) -> Sequence[float]:
    return asyncio.run(watching.first_news_by_polling(address, jobs, POLLED_SECONDS))


def _p99(figures: Sequence[float]) -> float:
    return quantiles(figures, n=100)[98]


@contextmanager
def _served(module: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-m", module, str(port)]) as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not start")
