"""Whether a batch can have a process of its own, and who starts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from aijobs_sdk.contract.errors import ConfigurationError


class Runner(Protocol):
    """A process that was started to run a batch."""

    @property
    def has_ended(self) -> bool:
        """Return whether it runs no more."""
        ...

    def last_words(self) -> str:
        """Return where its log is, and what it said last."""
        ...


Detacher = Callable[[str, int], Runner]
"""Starts a process in a session of its own, which runs the batch of this name, so many rows at a time."""


class Detaching(NamedTuple):
    """Whether batches can be run by a process of their own, where a client is."""

    start: Detacher | None
    """None where they cannot."""
    why_not: str = ""
    """Then: why, and what to do."""

    def detacher(self, name: str | None, *, asked: bool | None) -> Detacher | None:
        """Return what runs the batch of this name, None for this process; unless somebody asked, as is best.

        Raises:
            ConfigurationError: it was asked for, and is not possible.
        """
        if asked and name is None:
            raise ConfigurationError("A batch needs a `name` to be run by a process of its own: it is found by that.")
        if asked and self.start is None:
            raise ConfigurationError(f"A batch cannot be run by a process of its own here: {self.why_not}")
        return None if name is None or asked is False else self.start


ATTACHED = Detaching(None, "this client knows of no way to start one.")
