"""Runs in a notebook's kernel: many that were shown and are over, and what they leave behind."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ipywidgets.widgets import widget as registry  # type: ignore[import-untyped]

from benchmarks.notebook.counting import Bar

WARM_UP = 10
"""The first ones load what all the others use."""

MOST_SETTLING_SECONDS = 10.0
"""What looks ten times a second has seen the end by then, and the page has answered."""


class Leftovers(NamedTuple):
    """What is there that was not there before."""

    widgets: int
    megabytes: float


def leave_behind(make: Callable[[], Bar], count: int) -> Leftovers:
    """Show so many below this cell, one after the other, and return what they have left."""
    _show_and_finish(make, WARM_UP)
    widgets, resident = _widgets(), _resident()
    _show_and_finish(make, count)
    return Leftovers(_widgets() - widgets, (_resident() - resident) / 1e6)


def _show_and_finish(make: Callable[[], Bar], count: int) -> None:
    before = _widgets()
    for _ in range(count):
        bar = make()
        bar.show()
        bar.update()
        time.sleep(0.01)  # it may show that
        bar.close()
    give_up_at = time.monotonic() + MOST_SETTLING_SECONDS
    while _widgets() > before and time.monotonic() < give_up_at:
        time.sleep(0.1)


def _widgets() -> int:
    gc.collect()
    return len(registry._instances)  # noqa: SLF001 - all that the page may ask for; it has no other name


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
