"""An interrupt in a notebook: once, it lets go of what is waited for; twice within a second, it cancels that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Protocol

from aijobs_sdk.notebook.frontend import current_frontend
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.snapshot import Watched

AGAIN_SECONDS = 1.0
"""So long a cell that was interrupted waits for another interrupt, before it ends."""


class WithAside(Watched, Protocol):
    """Something on show that says what whoever waits for it has to say."""

    aside: str


class Waited(Protocol):
    """What is waited for."""

    @property
    def on_show(self) -> WithAside:
        """What its panel shows."""
        ...

    def cancel(self) -> object:
        """Ask it to stop."""
        ...


@contextmanager
def letting_go(of: Waited, *, noun: str) -> Iterator[None]:
    """Let the second of two interrupts cancel what is waited for inside; elsewhere than in a notebook change nothing.

    The cell ends with its KeyboardInterrupt either way.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if not current_frontend().is_a_notebook:
            raise
        if _is_interrupted_again(of.on_show, noun):
            of.cancel()
        raise interrupt.with_traceback(None) from None  # how it was waited for helps nobody, and fills a notebook


def _is_interrupted_again(shown: WithAside, noun: str) -> bool:
    shown.aside = f"The cell lets go, the {noun} goes on. Interrupt again to cancel it."
    try:
        hub.look_now(shown)
        sleep(AGAIN_SECONDS)
    except KeyboardInterrupt:
        return True
    finally:
        shown.aside = ""
    return False
