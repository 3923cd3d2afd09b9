"""A batch that goes on by itself: in a process of its own, which whoever asked for it only watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.journal.journal import Journal
from aijobs_sdk.batch.own_process import Runner
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.contract.errors import ConfigurationError

LOOKED_AT_SECONDS = 0.25
"""How often it is looked how far a runner is."""
STARTED_WITHIN_SECONDS = 60.0
"""A runner that has not begun by then will not: its log says why."""
RUNNER_DIED = "The process that ran it has ended before its work was done."


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
