"""Steering a batch, whoever runs it: the run of this process at once, that of another by the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal

from aijobs_sdk.batch.intake import check_lanes
from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.journal.journal import Journal
from aijobs_sdk.batch.journal.tenure import tenure
from aijobs_sdk.batch.operation.books import Books
from aijobs_sdk.batch.operation.helm import Helm
from aijobs_sdk.batch.operation.known import Known
from aijobs_sdk.batch.options import BatchOptions, checked_options
from aijobs_sdk.batch.row import RowStatus
from aijobs_sdk.batch.running.stopping import stop_jobs
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchRecord, BatchState, BatchWish


class Steering:
    """What may be asked of a batch at any time, whether it is run or not.

    Args:
        backend: where its jobs are.
        known: what is known of the batch.
        helm: of the run of this process.
        books: their journal tells others what is wanted.
    """

    def __init__(self, backend: Backend, known: Known, helm: Helm, books: Books) -> None:
        self._backend = backend
        self._known = known
        self._helm = helm
        self._books = books

    async def pause(self) -> None:
        """Send no more rows, and let those under way end."""
        self._helm.pause()
        if journal := await self._books.known_journal():
            await journal.change(wish=BatchWish.PAUSE)

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop."""
        await self._helm.cancel()
        if journal := await self._books.known_journal():
            await journal.change(wish=BatchWish.CANCEL)
            if not self._helm.has_a_run and _is_left(record := await journal.refresh()):
                await self._cancel_what_nobody_runs(journal, record)
        elif self._known.state is BatchState.PAUSED and not self._helm.has_a_run:
            await self._cancel_what_was_left()

    async def _cancel_what_was_left(self) -> None:
        """Ask the jobs that the last run of this process has left under way to stop."""
        left = [(course, job_id) for course in self._known.courses.values() if (job_id := course.job_id) is not None]
        for course, _ in left:
            course.is_stopped = True
        await stop_jobs(self._backend, dict.fromkeys(job_id for _, job_id in left))  # a chunk is one job of many rows
        self._known.state, self._known.reason = BatchState.CANCELLED, ""

    async def _cancel_what_nobody_runs(self, journal: Journal, record: BatchRecord) -> None:
        """Do for a batch what whoever ran it would do: ask the jobs that are left of its last run to stop."""
        standing = record.standing.replace(state=BatchState.CANCELLED, reason="")
        async with tenure(journal, lambda: standing, self._helm.heed), aclosing(journal.jobs()) as jobs:
            await stop_jobs(self._backend, [job.id async for job in jobs if not job.is_final])
        self._known.see(record.replace(standing=standing))

    async def change(self, *, budget: Decimal | int | str | None, concurrency: int | Mapping[str, int] | None) -> None:
        """Run the rows in another way, as far as they were not sent yet; what is None stays as it is.

        Raises:
            InvalidRequestError: a value cannot be used.
            BatchNotFoundError: there is no batch of this name.
        """
        given = {"budget": budget, "concurrency": concurrency}
        said = checked_options({name: value for name, value in given.items() if value is not None})
        await check_lanes(said.concurrency, self._known.ledger, self._backend)
        await self._go_by(said, await self._books.known_journal())

    async def retry_failures(self) -> None:
        """Let the failed rows be sent again, by the next run."""
        await self._books.load()
        await self._books.catch_up()
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

    async def _note_retry(self) -> Sequence[int]:
        """Return the rows that are to be sent again, once the journal knows of it: a crash changes nothing then."""
        ledger = self._known.ledger
        failed = ledger.leaders_of(ledger.over(RowStatus.FAILED))
        ends = [ended for index in failed if (ended := ledger.outcome(index).ended_at) is not None]
        if ends:
            await self._go_by(checked_options({"retry_failed_until": max(ends)}), self._books.journal)
        return failed

    def _reopen(self, rows: Sequence[int]) -> Sequence[int]:
        """Let these rows be sent again, but for those of which somebody else has seen to that; return them."""
        ledger = self._known.ledger
        failed = [index for index in rows if ledger.has_failed(index)]
        for index in failed:
            ledger.reopen(index)
        return failed

    async def _go_by(self, said: BatchOptions, journal: Journal | None) -> None:
        self._helm.go_by(self._books.options_in(journal).changed(**said.chosen()))
        if journal is not None:
            await journal.change(options=said)
            self._books.are_noted(said)


def _is_left(record: BatchRecord) -> bool:
    """Return whether nobody runs a batch that is not finished."""
    return runner_of(record) is None and record.standing.state is not BatchState.FINISHED
