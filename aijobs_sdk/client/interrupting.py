"""An interrupt in a notebook: once, it lets go of what is waited for; twice within a second, it cancels that."""

from __future__ import annotations

from contextlib import AbstractContextManager
from time import sleep
from types import TracebackType
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


def letting_go(of: Waited, *, noun: str) -> AbstractContextManager[None]:
    """Let the second of two interrupts cancel what is waited for inside; elsewhere than in a notebook change nothing.

    The cell ends with its KeyboardInterrupt either way.
    """
    return _LettingGo(of, noun)


class _LettingGo(AbstractContextManager[None]):
    """Not a generator: what is thrown through one keeps the traceback that it came with."""

    def __init__(self, of: Waited, noun: str) -> None:
        self._of = of
        self._noun = noun

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, KeyboardInterrupt) or not current_frontend().is_a_notebook:
            return
        if _is_interrupted_again(self._of.on_show, self._noun):
            self._of.cancel()
        error.__traceback__ = None  # how it was waited for helps nobody, and fills a notebook


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
