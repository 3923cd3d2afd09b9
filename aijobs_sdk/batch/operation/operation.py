"""A batch at work: whoever knows, steers and runs it, put together."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from pydantic import BaseModel

from aijobs_sdk.batch.economy.economy_run import EconomyRun
from aijobs_sdk.batch.economy.rounds import advice
from aijobs_sdk.batch.intake import Intake, check_lanes
from aijobs_sdk.batch.operation.books import Books
from aijobs_sdk.batch.operation.detached import Detached
from aijobs_sdk.batch.operation.helm import Helm
from aijobs_sdk.batch.operation.known import Known
from aijobs_sdk.batch.operation.steering import Steering
from aijobs_sdk.batch.options import BatchOptions
from aijobs_sdk.batch.own_process import Detacher
from aijobs_sdk.batch.running.run import Run
from aijobs_sdk.batch.running.sending import Sender
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchState, BatchWish

USUAL = BatchOptions()
INTERRUPTED = "It was interrupted."


def _nobody_listens(_: Sequence[int]) -> None:
    return


class Operation:
    """What one `AsyncBatch`, or a process of a batch's own, works with.

    Args:
        backend: where the jobs go.
        name: of its journal; None: it has none.
        intake: its rows; None: those of the journal.
        options: how they are run; of those of a journal only what the caller said.
        output_model: what each answer has to fit.
        detacher: starts the process that runs it; None: this one does.
        as_wished: whether a pause or a cancel that was asked for before the run holds.
        tell: is told of rows that are over.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        name: str | None,
        intake: Intake | None = None,
        options: BatchOptions = USUAL,
        output_model: type[BaseModel] | None = None,
        detacher: Detacher | None = None,
        as_wished: bool = False,
        tell: Callable[[Sequence[int]], None] = _nobody_listens,
    ) -> None:
        self._backend = backend
        self._tell = tell
        wish = None if as_wished else BatchWish.RUN
        self.known = Known(name, options=options, output_model=output_model)
        self.helm = Helm(self.known)
        self.books = Books(backend, self.known, self.helm, intake=intake, wish=wish, tell=tell)
        self.steering = Steering(backend, self.known, self.helm, self.books)
        self._detached = None if detacher is None else Detached(self.known, self.helm, self.books, detacher)

    async def run(self) -> None:
        """Run every row that is not over, here or in a process of its own; `known.state` says how that ended.

        It is called one at a time.
        """
        # A source may wait for its next row for ever.
        with self.helm.unless_stopped() if self.books.have_a_source else nullcontext():
            await self.books.load()
        if not self.known.is_loaded:
            self.known.end(self.helm.stopped)
            return
        await check_lanes(self.known.options.concurrency, self.known.ledger, self._backend)
        self.known.seen = None
        await self._tell_of_rounds()
        if self.books.journal is not None and self._detached is not None:
            await self._detached.run(self.books.journal)
            if self.known.state is not BatchState.FINISHED or self.known.is_all_over:
                return
            # What came does not fit a model that only this process knows: it is asked about once more.
        await self._run_here()

    async def _tell_of_rounds(self) -> None:
        if self.known.options.economy and (told := await advice(self.known.ledger, self._backend, self.known.budget)):
            warnings.warn(told, stacklevel=2)

    async def _run_here(self) -> None:
        known, journal = self.known, self.books.journal
        async with nullcontext() if journal is None else self.books.held(journal):
            known.state, known.reason = BatchState.RUNNING, ""
            run = self._new_run()
            try:
                with self.helm.steering(run), known.watch.running(asyncio.get_running_loop().time):
                    if journal is not None:
                        self.helm.heed(journal.record)  # somebody may have stopped it before it began
                    await run.go()
            except BaseException:
                known.state, known.reason = BatchState.PAUSED, INTERRUPTED
                raise
            known.end(run.reason)

    def _new_run(self) -> Run:
        known = self.known
        is_named, row_timeout = self.books.journal is not None, known.options.row_timeout
        return (EconomyRun if known.options.economy else Run)(
            Sender(self._backend, known.id, is_named=is_named, row_timeout=row_timeout),
            known.ledger,
            options=known.options,
            budget=known.budget,
            courses=known.courses,
            output_model=known.output_model,
            tell=self._tell,
        )
