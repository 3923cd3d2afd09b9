"""A batch that goes on by itself: in a process of its own, which whoever asked for it only watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from aijobs_sdk.batch.journal.journal import Journal, runner_of
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.contract.errors import ConfigurationError

LOOKED_AT_SECONDS = 0.25
"""How often it is looked how far a runner is."""
STARTED_WITHIN_SECONDS = 60.0
"""A runner that has not begun by then will not: its log says why."""
RUNNER_DIED = "The process that ran it has ended before its work was done."


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


async def follow(journal: Journal, runner: Runner | None, see: Callable[[BatchRecord], Awaitable[None]]) -> None:
    """Return once nobody runs the batch any more; `see` is shown the record now and then.

    Raises:
        ConfigurationError: the runner ended before it had begun; the message says what it said.
    """
    if runner is not None:
        await _until_begun(journal, runner)
    while runner_of(record := await journal.refresh()) is not None:
        await see(record)
        await asyncio.sleep(LOOKED_AT_SECONDS)
    await see(record)


async def _until_begun(journal: Journal, runner: Runner) -> None:
    waited = 0.0
    while (record := await journal.refresh()).holder is None and record.standing.state in _NOT_BEGUN:
        if runner.has_ended or waited > STARTED_WITHIN_SECONDS:
            raise ConfigurationError(
                f"The process that was to run batch {journal.record.name!r} did not begin. {runner.last_words()}"
            )
        await asyncio.sleep(LOOKED_AT_SECONDS / 5)
        waited += LOOKED_AT_SECONDS / 5


_NOT_BEGUN = frozenset({BatchState.OPEN})
