"""What does a batch take beyond its answers' own time, in seconds and in CPU, beside what others use?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.batch import callers
from benchmarks.batch.callers import Cost, Load
from benchmarks.effort import Effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.table import Measure, Row, compare

TITLE = "Batches, simulated and over a loopback endpoint; one run each"
OURS = "aijobs_sdk"
PEERS_PYTHON = os.environ.get("AIJOBS_PEERS_PYTHON", sys.executable)
"""An interpreter that has litellm, langchain-openai and bespokelabs-curator, which pin other versions than we do."""
PEERS = ("litellm", "langchain", "curator")
MOST_OF_IDEAL, MOST_OF_IDEAL_SLOW = 1.15, 1.10
MOST_OF_LIBRARY = 1.25
"""How many times as long as the vendor's library on its fastest transport we may take."""
MOST_OVERHEAD = 300.0
"""Microseconds of CPU that engine, journal and pacing may add to a call."""
PLENTY = 5_000
"""Requests a second that a vendor allows, who tells so with each answer, as OpenAI does: never reached."""
RATE, LIMITED_ROWS, LIMITED_AT_ONCE, LIMITED_MILLISECONDS = 50, 600, 200, 300


def rows(effort: Effort) -> Iterator[Row]:
    """Measure everything once, each in a process of its own."""
    size = effort.jobs
    with _endpoint() as address:
        yield from _simulated(size)
        yield from _fast(address, size)
        yield from _slow(address, size)
        yield from _limited(address)


@contextmanager
def _endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.batch.endpoint"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def _simulated(size: int) -> Iterator[Row]:
    load = Load("", size, 100)
    cost = in_fresh_process(callers.ours_simulated, load)
    ideal = size * 0.05 / 100
    yield from compare(Measure("mock mode, 50 ms, 100 at a time: wall s", MOST_OF_IDEAL * ideal), cost.wall_seconds, {})
    yield from compare(Measure("    CPU µs a row"), cost.cpu_microseconds, {})
    yield from compare(Measure("    resident MB"), cost.megabytes, {})


def _fast(address: str, size: int) -> Iterator[Row]:
    load = Load(f"{address}/fast/50/0/untold", size, 100)
    bare = in_fresh_process(callers.openai_on_aiohttp, load)
    ours = in_fresh_process(callers.ours, load)
    alone = in_fresh_process(callers.adapter_alone, load)
    with tempfile.TemporaryDirectory() as folder:
        durable = load._replace(url=f"sqlite:///{Path(folder) / 'jobs.db'}", name="batch")
        kept = in_fresh_process(callers.ours, durable)
    plain = in_fresh_process(callers.openai_default, load._replace(rows=size // 5))
    peers = {"openai, on aiohttp": bare.wall_seconds}
    limit = MOST_OF_LIBRARY * bare.wall_seconds
    yield from compare(Measure("HTTP, 50 ms, 100 at a time: wall s", limit), ours.wall_seconds, peers)
    yield from compare(Measure("    with a journal in SQLite: wall s"), kept.wall_seconds, peers)
    others = {"openai, on aiohttp": bare.cpu_microseconds, "openai, its default": plain.cpu_microseconds}
    others |= {name: cost.cpu_microseconds for name in PEERS if (cost := _peer(name, load)) is not None}
    yield from compare(Measure("    CPU µs a row"), ours.cpu_microseconds, others)
    yield from compare(
        Measure("    beyond the adapter's own", MOST_OVERHEAD), ours.cpu_microseconds - alone.cpu_microseconds, {}
    )
    yield from compare(Measure("    with a journal in SQLite: CPU µs"), kept.cpu_microseconds, {})


def _slow(address: str, size: int) -> Iterator[Row]:
    load = Load(f"{address}/slow/500/{PLENTY}/told", size, 200, milliseconds=500)
    cost = in_fresh_process(callers.ours, load)
    untold = in_fresh_process(callers.ours, load._replace(address=f"{address}/slow/500/0/untold"))
    ideal = size * 0.5 / 200
    yield from compare(Measure("HTTP, 0.5 s, 200 at a time: wall s", MOST_OF_IDEAL_SLOW * ideal), cost.wall_seconds, {})
    yield from compare(Measure("    untold of any limit: wall s"), untold.wall_seconds, {})


def _limited(address: str) -> Iterator[Row]:
    """600 rows against a true limit of 50 requests a second."""
    ideal = (LIMITED_ROWS - RATE) / RATE + LIMITED_MILLISECONDS / 1000
    for told in ("told", "untold"):
        run = f"{address}/limited-{told}"
        load = Load(f"{run}/{LIMITED_MILLISECONDS}/{RATE}/{told}", LIMITED_ROWS, LIMITED_AT_ONCE)
        cost = in_fresh_process(callers.ours, load)
        limit = MOST_OF_IDEAL * ideal
        yield from compare(Measure(f"limit of 50/s, {told} of it: wall s", limit), cost.wall_seconds, {})
        yield from compare(Measure("    rows lost", 0), cost.lost, {})
        yield from compare(Measure("    calls refused"), callers.refused(run), {})


def _peer(name: str, load: Load) -> Cost | None:
    """Return what a peer takes; None where it is not installed."""
    script = Path(__file__).with_name("peer.py")
    command = [PEERS_PYTHON, str(script), name, load.address, str(load.rows // 5), str(load.concurrency)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        return None
    told = json.loads(ended.stdout.strip().splitlines()[-1])
    return Cost(told["wall_seconds"], told["cpu_microseconds"], told["lost"], 0.0)
