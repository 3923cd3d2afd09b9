"""A batch at work: its rows, what is known of them, what may be spent, and whoever runs it."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from decimal import Decimal
from uuid import uuid4

import anyio
from pydantic import BaseModel

from aijobs_sdk.batch.economy.economy_run import EconomyRun
from aijobs_sdk.batch.helm import Helm
from aijobs_sdk.batch.intake import Intake
from aijobs_sdk.batch.journal.detach import Detacher, Runner, follow
from aijobs_sdk.batch.journal.journal import Journal, runner_of
from aijobs_sdk.batch.journal.restore import restore
from aijobs_sdk.batch.journal.tenure import tenure
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.options import BatchOptions, read_options
from aijobs_sdk.batch.progress import BatchProgress, progress_here, progress_of
from aijobs_sdk.batch.row import RowStatus
from aijobs_sdk.batch.running.budget import Budget
from aijobs_sdk.batch.running.course import Courses
from aijobs_sdk.batch.running.lanes import Lanes
from aijobs_sdk.batch.running.run import Run
from aijobs_sdk.batch.running.sending import Sender
from aijobs_sdk.batch.stopwatch import Stopwatch
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchRecord, BatchStanding, BatchState, BatchWish
from aijobs_sdk.contract.errors import BatchHeldError, BatchNotFoundError

LEARN_SECONDS = 1.0
"""How often it is looked at most what became of rows that another process runs."""
LEARN_SHARE = 10
"""So many times as long as that took, it is let be: all jobs of a large batch are many."""
USUAL = BatchOptions()
INTERRUPTED = "It was interrupted."
RUNNER_DIED = "The process that ran it has ended before its work was done."


class Operation:
    """What one `AsyncBatch`, or a process of a batch's own, works with.

    Its methods are called one at a time, but for those that steer a run, or learn how it goes.

    Args:
        backend: where the jobs go.
        name: of its journal; None: it has none.
        intake: its rows; None: those of the journal.
        options: how they are run; of those of a journal only what differs from the usual.
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
        tell: Callable[[Sequence[int]], None] | None = None,
    ) -> None:
        self._backend = backend
        self._name = name
        self._intake = intake
        self._output_model = output_model
        self._detacher = detacher
        self._tell = tell or _nobody_listens
        self.options = options
        self.ledger = Ledger(dedupe=options.dedupe, output_model=output_model, is_kept=name is not None)
        self.state, self.reason = BatchState.OPEN, ""
        self._id = uuid4()
        self._journal: Journal | None = None
        self._is_loaded = False
        self._turn = anyio.Lock()
        """Of whoever takes rows in, or learns what became of them; not of one loop, as asyncio's are."""
        self._courses = Courses()
        self._budget = Budget(options.budget)
        self._watch = Stopwatch()
        self._helm = Helm(self._budget)
        self._wish = None if as_wished else BatchWish.RUN
        """What whoever runs it is told when that begins; None, in a process that was started for it: what it was told
        last, which may be to stop again."""
        self._learns_at = 0.0
        """By the loop's time: when it is looked next what became of the rows that another process runs."""
        self._seen: BatchRecord | None = None
        """While another process runs it: how far that is."""

    @property
    def name(self) -> str | None:
        """Of its journal; None: it has none."""
        return self._name

    @property
    def is_loaded(self) -> bool:
        """Whether all rows were taken in."""
        return self._is_loaded

    @property
    def may_be_run_elsewhere(self) -> bool:
        """Whether there is a journal by which it is known to others: it has a name, and no rows that are still read."""
        return self._name is not None and self._intake is None

    @property
    def can_retry_now(self) -> bool:
        """Whether the run that this process is at would send failed rows again."""
        return self._helm.can_take_up()

    @property
    def ends_for(self) -> str | None:
        """Why the run that this process is at sends no more rows; None where it does, or there is none."""
        return self._helm.ends_for

    @property
    def has_lost_its_runner(self) -> bool:
        """Whether, as was last seen, another process ran it and died."""
        seen = self._seen
        if seen is None or seen.standing.state is not BatchState.RUNNING:
            return False
        return runner_of(seen) is None

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        if self._seen is not None:
            return progress_of(self._seen.standing, total=self._seen.rows, budget=self.options.budget)
        return progress_here(
            self.ledger,
            running=sum(course.job_id is not None for course in list(self._courses.values())),
            elapsed_seconds=self._watch.seconds,
            budget=self.options.budget,
            state=self.state,
            reason=self.reason,
        )

    async def load(self) -> None:
        """Take all rows in, unless that was done; from the journal where the caller gave none.

        Raises:
            InvalidRequestError: rows cannot be used; they are named.
            BatchNotFoundError: there is no batch of this name, and there are no rows to begin one with.
        """
        async with self._turn:  # who comes second, or after one who was interrupted, goes on with what is there
            if not self._is_loaded:
                await self._load()

    async def _load(self) -> None:
        if self._intake is not None:
            await self._intake.into(self.ledger, self._backend)
        if self._name is not None:  # rows that are refused begin no journal
            await self._open_journal(self._name)
        self._intake, self._is_loaded = None, True
        self._tell(list(self.ledger.over()))  # those that are left out

    async def catch_up(self) -> None:
        """Learn from the journal, where there is one, what became of the rows, whoever ran them, and tell of it.

        While they are run here, that run knows.
        """
        async with self._turn:
            if self._journal is None or self._helm.has_a_run:
                return
            was_open = array("q", (index for index in range(len(self.ledger)) if not self.ledger.is_over(index)))
            try:
                await self._restore(self._journal)
            finally:
                self._tell([index for index in was_open if self.ledger.is_over(index)])

    async def _restore(self, journal: Journal) -> None:
        async with aclosing(journal.jobs()) as jobs:
            restored = await restore(
                jobs,
                self.ledger,
                self._output_model,
                retry_failed_until=self.options.retry_failed_until,
                row_timeout=self.options.row_timeout,
            )
        self._courses = restored.courses
        self._budget.spent = restored.spent
        self._budget.reserved = sum((one.reserved for one in restored.courses.values()), Decimal(0))

    async def refresh(self) -> None:
        """Learn how far it is, unless it is run here: `progress` then says so, and `ledger` what became of its rows."""
        await self.load()
        if self._journal is None or self._helm.has_a_run:
            return
        record = await self._journal.refresh()
        await self.catch_up()
        if not self._helm.has_a_run:  # none has begun meanwhile
            self.state, self.reason = record.standing.state, record.standing.reason
            self._seen = record

    async def glance(self) -> bool:
        """Learn how far it is where another process runs it, by what that has noted; return whether one does.

        Of a batch that this caller knows by its name alone it is learnt how far it came, too. No row is read.
        """
        if self._name is None or not self.may_be_run_elsewhere or self._helm.has_a_run:
            return False
        journal = await Journal.find(self._backend, self._name)
        is_run = runner_of(journal.record) is not None
        if (is_run or not self._is_loaded) and not self._helm.has_a_run:
            self._seen = journal.record
            self.state, self.reason = journal.record.standing.state, journal.record.standing.reason
        return is_run

    def allow(self) -> None:
        """Forget that an earlier run was stopped."""
        self._helm.allow()

    async def run(self) -> None:
        """Run every row that is not over, here or in a process of its own; `state` says how that ended."""
        await self.load()
        self._seen = None
        if self._journal is not None and self._detacher is not None:
            await self._run_elsewhere(self._journal, self._detacher)
            if self.state is not BatchState.FINISHED or not _holds_any(self.ledger.unfinished()):
                return
            # What came does not fit a model that only this process knows: it is asked about once more.
        await self._run_here()

    async def retry_failures(self) -> None:
        """Let the failed rows be sent again, by the next run."""
        await self.load()
        await self.catch_up()
        self._reopen(await self._note_retry())

    async def retry_in_this_run(self) -> bool:
        """Have the failed rows sent again by the run that this process is at; return whether it does that."""
        if not self._helm.can_take_up():
            return False
        failed = await self._note_retry()
        if not self._helm.can_take_up():  # it has ended meanwhile
            return False
        self._helm.take_up(self._reopen(failed))
        return True

    def _reopen(self, rows: Sequence[int]) -> Sequence[int]:
        """Let these rows be sent again, but for those of which somebody else has seen to that; return them."""
        failed = [index for index in rows if self.ledger.has_failed(index)]
        for index in failed:
            self.ledger.reopen(index)
        return failed

    async def _note_retry(self) -> Sequence[int]:
        """Return the rows that are to be sent again, once the journal knows of it: a crash changes nothing then."""
        failed = self.ledger.leaders_of(self.ledger.over(RowStatus.FAILED))
        ends = [ended for index in failed if (ended := self.ledger.outcome(index).ended_at) is not None]
        if ends:
            await self._go_by(self.options.replace(retry_failed_until=max(ends)), self._journal)
        return failed

    async def change(self, *, budget: Decimal | int | str | None, concurrency: int | Mapping[str, int] | None) -> None:
        """Run the rows in another way, as far as they were not sent yet; what is None stays as it is.

        Raises:
            InvalidRequestError: a value cannot be used.
            BatchNotFoundError: there is no batch of this name.
        """
        journal = await self._known_journal()
        await self._go_by(self._options_in(journal).changed(budget=budget, concurrency=concurrency), journal)

    async def pause(self) -> None:
        """Send no more rows, and let those under way end."""
        self._helm.pause()
        if journal := await self._known_journal():
            await journal.change(wish=BatchWish.PAUSE)

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop."""
        await self._helm.cancel()
        if journal := await self._known_journal():
            await journal.change(wish=BatchWish.CANCEL)
            if not self._helm.has_a_run and _is_left(record := await journal.refresh()):
                await self._cancel_what_nobody_runs(journal, record)
        elif self.state is BatchState.PAUSED and not self._helm.has_a_run:
            for course in list(self._courses.values()):
                if course.job_id is not None:
                    await self._backend.cancel(course.job_id)
            self.state, self.reason = BatchState.CANCELLED, ""

    async def _cancel_what_nobody_runs(self, journal: Journal, record: BatchRecord) -> None:
        """Do for a batch what whoever ran it would do: ask the jobs that are left of its last run to stop."""
        standing = record.standing.replace(state=BatchState.CANCELLED, reason="")
        async with tenure(journal, lambda: standing, self._heed), aclosing(journal.jobs()) as jobs:
            async for job in jobs:
                if not job.is_final:
                    await self._backend.cancel(job.id)
        self.state, self.reason = BatchState.CANCELLED, ""

    async def _known_journal(self) -> Journal | None:
        """Return the journal by which others learn what is wanted; None where there is nobody to learn it."""
        if self._journal is not None or self._name is None:
            return self._journal
        try:
            return await Journal.find(self._backend, self._name)
        except BatchNotFoundError:
            if self._intake is None:
                raise
            return None

    def _options_in(self, journal: Journal | None) -> BatchOptions:
        """Return how rows are run: as this caller says, and what is not said by whoever has no rows, as it is kept."""
        if journal is None or self._is_loaded or self._intake is not None:
            return self.options
        return journal.options.changed(**self.options.chosen())

    async def _go_by(self, options: BatchOptions, journal: Journal | None) -> None:
        self.options = options
        self._helm.allow_to_spend(options.budget)
        if journal is not None:
            await journal.change(options=options)

    async def _open_journal(self, name: str) -> None:
        if self._intake is not None:
            self._journal = await Journal.open(self._backend, name, self.options)
            until = self.options.retry_failed_until or self._journal.options.retry_failed_until
            self.options = self.options.replace(retry_failed_until=until)  # who wanted that may have crashed since
        else:
            self._journal = await Journal.find(self._backend, name)
            await self._read_journal(self._journal)
        self._id = self._journal.id
        self._watch.go_on_from(self._journal.record.standing.elapsed_seconds)

    async def _read_journal(self, journal: Journal) -> None:
        self.options = self._options_in(journal)
        self.ledger = Ledger(
            dedupe=self.options.dedupe, output_model=self._output_model, columns=journal.columns, is_kept=True
        )
        self._budget.cap = self.options.budget
        async with aclosing(journal.items()) as items:
            async for item in items:
                self.ledger.add(item)
        self.ledger.close()

    async def _run_here(self) -> None:
        async with AsyncExitStack() as held:
            if self._journal is not None:
                self._go_by_what_was_noted(self._journal.record)
                await held.enter_async_context(tenure(self._journal, self._standing, self._heed))
                await self._prepare(self._journal)
            self.state, self.reason = BatchState.RUNNING, ""
            run = self._new_run()
            try:
                with self._helm.steering(run), self._watch.running(asyncio.get_running_loop().time):
                    if self._journal is not None:
                        self._heed(self._journal.record)  # somebody may have stopped it before it began
                    await run.go()
            except BaseException:
                self.state, self.reason = BatchState.PAUSED, INTERRUPTED
                raise
            self.state, self.reason = _end_of(run.reason)

    async def _run_elsewhere(self, journal: Journal, detacher: Detacher) -> None:
        """Have another process run it, and wait for that; whoever stops waiting leaves it running."""
        runner: Runner | None = None
        record = await journal.refresh()
        if (holder := runner_of(record)) is None:
            self.state, self.reason = BatchState.OPEN, ""
            self._go_by_what_was_noted(record)
            async with tenure(journal, self._standing, self._heed):
                await self._prepare(journal)
                nothing_to_do = self._helm.stopped is not None or not _holds_any(self.ledger.unfinished())
                if nothing_to_do:  # noted as it is given back
                    self.state, self.reason = _end_of(self._helm.stopped)
            if nothing_to_do:
                return
            runner = detacher(journal.record.name, Lanes(self.options.concurrency).total)
        elif journal.digest != self.ledger.digest:
            raise BatchHeldError(record.name, held_by=holder.place)
        try:
            await follow(journal, runner, self._see)
        finally:
            self._seen = None
        await self.catch_up()
        standing = journal.record.standing
        self._watch.go_on_from(standing.elapsed_seconds)
        is_left = standing.state in {BatchState.RUNNING, BatchState.OPEN}
        self.state, self.reason = (BatchState.PAUSED, RUNNER_DIED) if is_left else (standing.state, standing.reason)

    def _go_by_what_was_noted(self, record: BatchRecord) -> None:
        """Say, until it is known what became of the rows, how far the batch was, and not that nothing is done."""
        self._seen = record if record.rows else None

    async def _prepare(self, journal: Journal) -> None:
        """Keep the rows in the journal, if it has others, and take out of it what is known of them."""
        ledger, inputs_digest = self.ledger, self.ledger.inputs_digest
        if (journal.digest, journal.inputs_digest) != (ledger.digest, inputs_digest):
            await journal.keep(map(ledger.item, range(len(ledger))), total=len(ledger))
            await journal.change(columns=ledger.columns, inputs_digest=inputs_digest)
        await journal.change(options=self.options, digest=self.ledger.digest, wish=self._wish)
        await self.catch_up()
        self._seen = None

    def _new_run(self) -> Run:
        sender = Sender(
            self._backend, self._id, is_named=self._journal is not None, row_timeout=self.options.row_timeout
        )
        return (EconomyRun if self.options.economy else Run)(
            sender,
            self.ledger,
            options=self.options,
            budget=self._budget,
            courses=self._courses,
            output_model=self._output_model,
            tell=self._tell,
        )

    def _standing(self) -> BatchStanding:
        return self.progress.standing()

    async def _see(self, record: BatchRecord) -> None:
        """Take note of how far another process is, and now and then of what became of the rows."""
        self._seen = record
        clock = asyncio.get_running_loop().time
        if (began_at := clock()) >= self._learns_at:
            await self.catch_up()
            self._learns_at = clock() + max(LEARN_SECONDS, LEARN_SHARE * (clock() - began_at))

    def _heed(self, record: BatchRecord) -> None:
        """Do what somebody else wants of the run."""
        options = read_options(record.settings)
        if self._helm.has_a_run and options.budget != self.options.budget:
            self.options = self.options.replace(budget=options.budget)
            self._helm.allow_to_spend(options.budget)
        self._helm.heed(record.wish)


def _nobody_listens(_: Sequence[int]) -> None:
    return


def _is_left(record: BatchRecord) -> bool:
    """Return whether nobody runs a batch that is not finished."""
    return record.holder is None and record.standing.state is not BatchState.FINISHED


def _end_of(reason: str | None) -> tuple[BatchState, str]:
    """Return where a batch stands after a run that ended early for this reason, or in its own time."""
    match reason:
        case None:
            return BatchState.FINISHED, ""
        case "":
            return BatchState.CANCELLED, ""
        case _:
            return BatchState.PAUSED, reason


def _holds_any(rows: Iterator[int]) -> bool:
    return next(rows, None) is not None
