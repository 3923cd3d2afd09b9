"""Measures how long something runs, over several runs, by the clock of the loop it runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up the time spent inside `running()`; may be read from any thread."""

    def __init__(self) -> None:
        self._earlier_seconds = 0.0
        self._this_run: Callable[[], float] = float

    @property
    def seconds(self) -> float:
        """All runs so far, this one included."""
        return self._earlier_seconds + self._this_run()

    def go_on_from(self, seconds: float) -> None:
        """Take over what ran elsewhere."""
        self._earlier_seconds = seconds

    @contextmanager
    def running(self, clock: Callable[[], float]) -> Iterator[None]:
        """Let the watch run while this is entered."""
        started = clock()
        self._this_run = lambda: clock() - started
        try:
            yield
        finally:
            self._earlier_seconds, self._this_run = self.seconds, float
