"""How fast is the simulation under a vendor's own client, in its process, and how long do ten minutes take there?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.effort import Effort
from benchmarks.fresh_process import in_fresh_process
from benchmarks.table import Measure, Row, compare, not_installed

if TYPE_CHECKING:
    from benchmarks.simulation.under_client import Waited

TITLE = "Simulated vendors under AsyncOpenAI, in its process, the best round"
CALLS = Measure("calls/s", 1_500, more_is_better=True)
STREAMS = Measure("50-event streams/s", 180, more_is_better=True)
ALONE = "the client alone, on bytes made before"


def rows(effort: Effort) -> Iterator[Row]:
    """Measure all of it several times, each round in a process of its own."""
    if not find_spec("openai"):
        yield from not_installed(["openai"])
        return
    from benchmarks.simulation.under_client import figures  # noqa: PLC0415 - it needs openai, which may not be there

    rounds = [in_fresh_process(figures, effort.loop_seconds) for _ in range(effort.rounds)]
    yield from _waited("30 x 429, 20 s each", 250, [one.refused for one in rounds])
    yield from _waited("stall to time-out", 50, [one.stalled for one in rounds])
    alone = CALLS.best(one.ready_made.calls for one in rounds)
    yield from compare(CALLS, CALLS.best(one.simulated.calls for one in rounds), {ALONE: alone})
    alone = STREAMS.best(one.ready_made.streams for one in rounds)
    yield from compare(STREAMS, STREAMS.best(one.simulated.streams for one in rounds), {ALONE: alone})


def _waited(what: str, most_ms: float, rounds: Sequence[Waited]) -> Iterator[Row]:
    wall, virtual = Measure(f"{what}, ms", most_ms), Measure(f"{what}, virtual s", 600, more_is_better=True)
    yield from compare(wall, wall.best(one.wall_ms for one in rounds), {})
    yield from compare(virtual, virtual.best(one.virtual_seconds for one in rounds), {})
