"""One thread for all that is on show: it looks ten times a second at first, then four times, and draws what changed."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from aijobs_sdk.notebook.frontend import current_cell_run
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import Watched

FAST_HERTZ = 10.0
FAST_SECONDS = 60.0
"""So long after it was put on show a panel is looked at often."""
SLOW_HERTZ = 4.0
MOST_DRAWN_IN_A_ROUND = 3
"""Of all panels together, but for those that are over: a page with a hundred of them is not to lose messages."""
EXIT_SECONDS = 1.0
"""How long an ending program waits for what is being drawn: the page, or the terminal, may not listen any more."""

_log = logging.getLogger("aijobs.notebook")


class Hub:
    """Looks after panels until they are over. Its thread exists only while there is one to look after.

    Two locks: `_looking` is held while something is drawn, and `_lock`, which is taken inside it and never the other
    way round, for the few steps that change what is on show.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.forget_all()

    def forget_all(self) -> None:
        """Begin anew: a forked child has neither our thread, nor a notebook to draw in, and locks as they just were."""
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._shown: dict[Panel, _Times] = {}
        self._thread: threading.Thread | None = None

    def add(self, panel: Panel) -> None:
        """Draw a panel now, and look after it from here on."""
        now = self._clock()
        self._look(panel)
        if panel.is_over:
            return
        with self._lock:
            self._shown[panel] = _Times(since=now, looked_at=now, drawn_at=now)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="aijobs-display", daemon=True)
                self._thread.start()

    def finish_cleared(self) -> None:
        """Let go of what this cell showed when it was run before: it is no longer on the page."""
        run = current_cell_run()
        for panel in self._panels():
            if run is not None and run.clears(panel.cell_run):
                self.finish(panel)

    def has(self, watched: Watched) -> bool:
        """Return whether something is on show and alive."""
        return any(panel.shows(watched) and not panel.is_over for panel in self._panels())

    def leave_to_caller(self, watched: Watched, *, is_left: bool) -> None:
        """Leave the panels of one thing to who calls `look_now()`, or look after them again."""
        for panel in self._panels():
            if panel.shows(watched):
                panel.is_left_to_its_caller = is_left

    def look_now(self, watched: Watched) -> None:
        """Look at the panels of one thing at once, whether it is time or not."""
        for panel in self._panels():
            if panel.shows(watched):
                self._look(panel)
        self._drop_those_over()

    def finish(self, panel: Panel) -> None:
        """Draw a panel for the last time, whatever it shows, and forget it."""
        with self._looking:
            _guarded(panel, panel.finish)
        self._drop_those_over()

    def close(self) -> None:
        """Draw everything for the last time, unless something is being drawn that takes too long."""
        panels = self._panels()
        if panels and self._looking.acquire(timeout=EXIT_SECONDS):
            try:
                for panel in panels:
                    _guarded(panel, panel.finish)
            finally:
                self._looking.release()
        self._drop_those_over()

    def _run(self) -> None:
        while self._go_round():
            time.sleep(1 / FAST_HERTZ)

    def _go_round(self) -> bool:
        """Look at what it is time for; return whether there is anything left to look at."""
        now, drawn = self._clock(), 0
        for panel, times in self._longest_undrawn_first():
            if panel.is_left_to_its_caller or not times.is_time_to_look(now):
                continue
            draws = drawn < MOST_DRAWN_IN_A_ROUND and times.is_time_to_draw(now, panel.most_per_second)
            if self._look(panel, draws=draws):
                drawn, times.drawn_at = drawn + 1, now
        self._drop_those_over()
        with self._lock:
            if not self._shown:
                self._thread = None
            return bool(self._shown)

    def _look(self, panel: Panel, *, draws: bool = True) -> bool:
        """Look at a panel; return whether it was drawn, and is not over."""
        with self._looking:
            return _guarded(panel, lambda: panel.look(draws=draws))

    def _longest_undrawn_first(self) -> list[tuple[Panel, _Times]]:
        with self._lock:
            return sorted(self._shown.items(), key=lambda shown: shown[1].drawn_at)

    def _panels(self) -> list[Panel]:
        with self._lock:
            return list(self._shown)

    def _drop_those_over(self) -> None:
        with self._lock:
            for panel in [panel for panel in self._shown if panel.is_over]:
                del self._shown[panel]


class _Times:
    """When a panel was put on show, looked at last, and drawn last."""

    def __init__(self, *, since: float, looked_at: float, drawn_at: float) -> None:
        self._since = since
        self._looked_at = looked_at
        self.drawn_at = drawn_at

    def is_time_to_look(self, now: float) -> bool:
        """Return whether it is; it was looked at then."""
        hertz = FAST_HERTZ if now - self._since < FAST_SECONDS else SLOW_HERTZ
        if not _has_passed(now - self._looked_at, hertz):
            return False
        self._looked_at = now
        return True

    def is_time_to_draw(self, now: float, most_per_second: float) -> bool:
        """Return whether its surface takes another view."""
        return _has_passed(now - self.drawn_at, most_per_second)


def _has_passed(seconds: float, hertz: float) -> bool:
    return seconds >= 0.99 / hertz  # a sleep of a tenth may be a little short of it


def _guarded(panel: Panel, draw: Callable[[], bool | None]) -> bool:
    try:
        return bool(draw())
    except Exception:  # noqa: BLE001 - what is shown must not stop what is shown beside it, nor the work itself
        panel.is_over = True
        _log.exception("A panel could not be drawn, and is left as it is.")
        return False


hub = Hub()
"""Of this process: a page has one limit of messages, however many panels are on it."""
atexit.register(hub.close)
if hasattr(os, "register_at_fork"):  # where there is no fork, there is no child of one
    os.register_at_fork(after_in_child=hub.forget_all)
