"""How many requests and streams a second does one process serve, beside llmock and AIMock?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.effort import Effort
from benchmarks.simulation import wrk
from benchmarks.simulation.competitors import COMPETITORS, OURS, Competitor
from benchmarks.simulation.server import Server, Sizes, UnusableServerError, running, sizes_of_answers
from benchmarks.simulation.wrk import CONNECTIONS, Load, load
from benchmarks.table import Measure, Row, compare

TITLE = f"Simulated vendors at an address, no delays: wrk with {CONNECTIONS} connections, the best round"
LOOPS = 8
"""Closed loops that one load takes as long as."""
LEAST_SECONDS = 2
WARM_UP_SECONDS = 1


class Round(NamedTuple):
    """What one round of one server came to."""

    plain: Load
    streams: Load
    sizes: Sizes


FIGURES: Mapping[Measure, Callable[[Round], float | None]] = {
    Measure("plain, requests/s", 7_500, more_is_better=True): lambda one: one.plain.answers_per_second,
    Measure("plain, CPU µs"): lambda one: one.plain.cpu_microseconds,
    Measure("plain, p99 ms"): lambda one: one.plain.p99_ms,
    Measure("streams/s", 6_000, more_is_better=True): lambda one: one.streams.answers_per_second,
    Measure("streams, CPU µs"): lambda one: one.streams.cpu_microseconds,
    Measure("streams, p99 ms"): lambda one: one.streams.p99_ms,
    # No contest: they tell that all write about as much.
    Measure("a stream, events", more_is_better=True): lambda one: one.sizes.events,
    Measure("a stream, bytes", more_is_better=True): lambda one: one.sizes.stream_bytes,
}


class Entry:
    """A server in the comparison, for as long as nothing is wrong with it."""

    def __init__(self, competitor: Competitor) -> None:
        self.name = competitor.name
        self.rounds: list[Round] = []
        self.problem: str | None = None
        """Why it is out."""
        self._install = competitor.install
        self._server: Server | None = None

    def get_ready(self, folder: Path) -> None:
        """Install the server into this folder."""
        try:
            self._server = self._install(folder)
        except UnusableServerError as error:
            self.problem = str(error)

    def undergo_round(self, seconds: int) -> None:
        """Load the server for that long with requests, and for as long with streams."""
        if self._server is None or self.problem:
            return
        try:
            self.rounds.append(_round(self._server, seconds))
        except UnusableServerError as error:
            self.problem = str(error)


def rows(effort: Effort) -> Iterator[Row]:
    """Install the peers, then load the servers in turn, each alone in a process that is started for it."""
    if not wrk.is_installed():
        yield Row(Measure("wrk"), None, f"not installed ({wrk.INSTALL}): no server was measured", None)
        return
    entries = [Entry(one) for one in COMPETITORS]
    with tempfile.TemporaryDirectory(prefix="aijobs-bench-") as folder:
        for number, entry in enumerate(entries):
            entry.get_ready(Path(folder, str(number)))
        _measure(entries, effort)
    yield from _rows([entry for entry in entries if entry.problem is None])
    for entry in entries:
        if entry.problem is not None:
            yield Row(Measure(entry.name), None, f"not measured: {entry.problem}", None)


def _measure(entries: Sequence[Entry], effort: Effort) -> None:
    seconds = max(LEAST_SECONDS, round(LOOPS * effort.loop_seconds))
    for _ in range((effort.rounds + 1) // 2):  # half of them: one takes a minute
        for entry in entries:
            entry.undergo_round(seconds)


def _round(server: Server, seconds: int) -> Round:
    with running(server) as one:
        sizes = sizes_of_answers(one.address)
        load(one, stream=False, seconds=WARM_UP_SECONDS)
        plain = load(one, stream=False, seconds=seconds)
        load(one, stream=True, seconds=WARM_UP_SECONDS)
        return Round(plain, load(one, stream=True, seconds=seconds), sizes)


def _rows(entries: Sequence[Entry]) -> Iterator[Row]:
    if not any(entry.name == OURS for entry in entries):
        return
    for measure, figure in FIGURES.items():
        told = {entry.name: [each for each in map(figure, entry.rounds) if each is not None] for entry in entries}
        best = {name: measure.best(theirs) for name, theirs in told.items() if theirs}
        if OURS in best:
            yield from compare(measure, best.pop(OURS), best)
