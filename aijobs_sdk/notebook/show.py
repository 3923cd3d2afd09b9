"""Puts things on show, where and as the user wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeAlias

from aijobs_sdk.notebook.choice import is_there, surface_for
from aijobs_sdk.notebook.display import Display, chosen_display
from aijobs_sdk.notebook.frontend import Frontend, current_frontend, is_at_a_prompt
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import Phase, Watched
from aijobs_sdk.notebook.static import to_html
from aijobs_sdk.notebook.words import worded

STOPPING_SECONDS = 0.5

Pulse: TypeAlias = Callable[[], None]
"""To be called now and then by whoever blocks, where nothing that a thread draws is seen."""


def show(watched: Watched) -> None:
    """Put something on show below the current cell, or on standard error, and return at once.

    At the prompt of a terminal it says once how things stand: a bar would be drawn over what is typed.
    """
    frontend = current_frontend()
    surface = surface_for(watched, frontend, is_asked_for=True)
    if surface is None:
        return
    hub.finish_cleared()
    panel = Panel(watched, surface)
    if frontend is Frontend.TERMINAL and is_at_a_prompt():
        hub.finish(panel)
    else:
        hub.add(panel)


def show_as_output(watched: Watched) -> None:
    """Put on show what a cell ends with; for `_ipython_display_`.

    Raises:
        NotImplementedError: there is no page for it, and IPython is to print what it is.
    """
    if not current_frontend().is_a_notebook or chosen_display() is Display.OFF:
        raise NotImplementedError
    show(watched)


def living(watched: Watched) -> object:
    """Return what is displayed by a notebook that displays what it is given, as marimo does."""
    if chosen_display() in {Display.AUTO, Display.WIDGET} and is_there(Display.WIDGET):
        # It needs a library that only those pay for who show something with it.
        from aijobs_sdk.notebook.surfaces.widget.surface import widget_of  # noqa: PLC0415

        return widget_of(watched)
    return _Page(still(watched))


def still(watched: Watched) -> str:
    """Return how something stands now, as HTML that lasts."""
    return to_html(worded(watched.snapshot(), None, now=datetime.now().astimezone()))


@contextmanager
def on_show(watched: Watched) -> Iterator[Pulse | None]:
    """Keep something on show while a call blocks, unless the call is not the user's own; at its end it shows how it is.

    In a notebook it stays there, alive, if it is not over when the call ends. What is yielded is to be called four
    times a second while the call blocks, where it is something.
    """
    # A loop in a thread of ours runs calls for a caller who has put it on show, in the cell where that belongs.
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    frontend = current_frontend()
    hub.finish_cleared()
    surface = None if hub.has(watched) else surface_for(watched, frontend, is_asked_for=False)
    panel = None if surface is None else Panel(watched, surface)
    if panel is not None:
        hub.add(panel)
    has_to_draw = frontend is Frontend.COLAB and hub.has(watched)
    hub.leave_to_caller(watched, is_left=has_to_draw)
    try:
        yield partial(hub.look_now, watched) if has_to_draw else None
    except KeyboardInterrupt:
        if panel is not None and not frontend.is_a_notebook:
            _wait_until_it_stops(watched)
        raise
    finally:
        hub.leave_to_caller(watched, is_left=False)
        if panel is not None and not frontend.is_a_notebook:
            hub.finish(panel)
        else:
            # Now, in the user's thread: who runs a notebook may end its kernel with the cell.
            hub.look_now(watched)


def _wait_until_it_stops(watched: Watched) -> None:
    """Wait a moment for what an interrupt stops, so that the last line does not call it running."""
    give_up_at = time.monotonic() + STOPPING_SECONDS
    while watched.snapshot().phase is Phase.RUNNING and time.monotonic() < give_up_at:
        time.sleep(0.01)


class _Page:
    """HTML, for who displays what it is given."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html
