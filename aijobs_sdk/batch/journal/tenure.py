"""The right to run a batch, kept for as long as it is run: nobody else sends its rows meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aijobs_sdk.batch.journal.journal import Journal, new_holder
from aijobs_sdk.batch.running.stopping import AWAY
from aijobs_sdk.contract.batches import BatchRecord, BatchStanding, Holder
from aijobs_sdk.contract.errors import BatchHeldError
from aijobs_sdk.providers.to_its_end import to_its_end

log = logging.getLogger("aijobs.batch")

BEAT_SECONDS = 1.0
"""How often it is noted how far the batch is, and looked what others want of it."""


async def _nothing() -> None:
    return


@asynccontextmanager
async def tenure(
    journal: Journal,
    standing: Callable[[], BatchStanding],
    heed: Callable[[BatchRecord], None],
    note: Callable[[], Awaitable[None]] = _nothing,
) -> AsyncIterator[None]:
    """Hold a batch inside; `heed` is told what others have changed, and `note` writes down what else is to be known.

    Raises:
        BatchHeldError: another process runs it, from the start or since this one was taken for dead.
    """
    holder = new_holder()
    await _take(journal, holder, standing())
    try:
        async with asyncio.TaskGroup() as both:
            beat = both.create_task(_beat(journal, holder, standing, heed, note))
            try:
                yield
            finally:
                beat.cancel()
    except BaseExceptionGroup as group:
        first = group.exceptions[0]
        raise first from first.__cause__  # as itself: the caller knows of no group
    finally:
        await _let_go(journal, holder, standing(), note)


async def _take(journal: Journal, holder: Holder, standing: BatchStanding) -> None:
    try:
        await to_its_end(journal.hold(holder, standing))  # else it may arrive behind what gives the batch back
    except asyncio.CancelledError:
        await _let_go(journal, holder, standing)
        raise


async def _beat(
    journal: Journal,
    holder: Holder,
    standing: Callable[[], BatchStanding],
    heed: Callable[[BatchRecord], None],
    note: Callable[[], Awaitable[None]],
) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            heed(await journal.hold(holder, standing()))
            await note()
        except AWAY as away:
            log.warning("how far batch %s is cannot be noted now: %s", journal.id, away)


async def _let_go(
    journal: Journal, holder: Holder, standing: BatchStanding, note: Callable[[], Awaitable[None]] = _nothing
) -> None:
    """Give a batch back, or warn that this cannot be done; who was interrupted does so all the same."""
    await to_its_end(_give_back(journal, holder, standing, note))


async def _give_back(
    journal: Journal, holder: Holder, standing: BatchStanding, note: Callable[[], Awaitable[None]]
) -> None:
    try:
        await note()  # first: who sees that nobody runs it any more looks what became of its rows
        await journal.let_go(holder, standing)
    except BatchHeldError:
        log.warning("batch %s was taken over by another process", journal.id)
    except AWAY as away:
        log.warning("batch %s stays held until its time is over: %s", journal.id, away)
