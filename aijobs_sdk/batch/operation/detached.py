"""A batch that another process runs: how that is started from here, and watched."""

from __future__ import annotations

import asyncio

from aijobs_sdk.batch.journal.detach import RUNNER_DIED, follow
from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.journal.journal import Journal
from aijobs_sdk.batch.operation.books import Books
from aijobs_sdk.batch.operation.helm import Helm
from aijobs_sdk.batch.operation.known import Known
from aijobs_sdk.batch.own_process import Detacher, Runner
from aijobs_sdk.batch.running.lanes import Lanes
from aijobs_sdk.contract.batches import BatchRecord, BatchState
from aijobs_sdk.contract.errors import BatchHeldError

LEARN_SECONDS = 1.0
"""How often it is looked at most what became of rows that another process runs."""
LEARN_SHARE = 10
"""So many times as long as that took, it is let be: all jobs of a large batch are many."""


class Detached:
    """Has a batch run by another process, and learns how far that is.

    Args:
        known: what is known of the batch.
        helm: whoever stops it before it has begun does that here.
        books: its rows are kept there for the other process, which notes there what becomes of them.
        detacher: starts the process.
    """

    def __init__(self, known: Known, helm: Helm, books: Books, detacher: Detacher) -> None:
        self._known = known
        self._helm = helm
        self._books = books
        self._detacher = detacher
        self._learns_at = 0.0
        """By the loop's time: when it is looked next what became of the rows."""

    async def run(self, journal: Journal) -> None:
        """Have it run, unless it is, and wait for the end; whoever stops waiting leaves it running.

        Raises:
            BatchHeldError: what is run by this name are other rows.
            ConfigurationError: the process ended before it had begun; the message says what it said.
        """
        known = self._known
        self._learns_at = 0.0  # as what it was set to may be of another loop, whose clock was ahead
        runner: Runner | None = None
        record = await journal.refresh()
        if (holder := runner_of(record)) is None:
            known.state, known.reason = BatchState.OPEN, ""
            async with self._books.held(journal):
                nothing_to_do = self._helm.stopped is not None or known.is_all_over
                if nothing_to_do:  # noted as it is given back
                    known.end(self._helm.stopped)
            if nothing_to_do:
                return
            runner = self._detacher(record.name, Lanes(known.options.concurrency).total)
        elif journal.digest != known.ledger.digest:
            raise BatchHeldError(record.name, held_by=holder.place)
        try:
            await follow(journal, runner, self._see)
        finally:
            known.seen = None
        await self._books.catch_up()
        standing = journal.record.standing
        known.watch.go_on_from(standing.elapsed_seconds)
        is_left = standing.state in {BatchState.RUNNING, BatchState.OPEN}
        known.state, known.reason = (BatchState.PAUSED, RUNNER_DIED) if is_left else (standing.state, standing.reason)

    async def _see(self, record: BatchRecord) -> None:
        """Take note of how far it is, and now and then of what became of the rows."""
        self._known.seen = record
        clock = asyncio.get_running_loop().time
        if (began_at := clock()) >= self._learns_at:
            await self._books.catch_up()
            self._learns_at = clock() + max(LEARN_SECONDS, LEARN_SHARE * (clock() - began_at))
