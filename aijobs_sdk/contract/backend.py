"""The seam a client asks through: this process, a server, or a fleet. One suite of promises holds every backend."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, BatchRequest, Hold
from aijobs_sdk.contract.blocks import Block, DocumentRequest, Revision
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.health import Health
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, JobRequest
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.schedule import Schedule, ScheduleRequest
from aijobs_sdk.contract.suggestions import Suggestion


class Backend(Protocol):
    """Where jobs run, seen by one caller: everything is inside that caller's tenant."""

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        """Check, then store all of them or none; return one job each, in order.

        Raises:
            InvalidRequestError: a field cannot be used; it is named.
            IdempotencyConflictError: a key was used before for something else.
        """
        ...

    async def refusals(self, requests: Sequence[JobRequest]) -> Mapping[int, InvalidRequestError]:
        """Return which of these `submit()` would refuse, by place, and why; store nothing."""
        ...

    async def estimate(self, requests: Sequence[JobRequest]) -> list[Estimate]:
        """Return what each of these would cost, in order; store nothing.

        Raises:
            InvalidRequestError: a field cannot be used, or nothing is known of what such a job costs.
        """
        ...

    async def get(self, job_id: UUID) -> Job:
        """Return the job as it stands.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def list_jobs(self, query: JobQuery) -> JobPage:
        """Return one page of jobs, newest first; where they are long it may have fewer than `limit`."""
        ...

    async def list_ids(self, query: JobQuery) -> IdPage:
        """Return the ids of one page of jobs, newest first, without what was asked and what it came to."""
        ...

    async def cancel(self, job_id: UUID) -> Job:
        """Ask the job to stop; a finished one stays as it is.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def ended(self, job_id: UUID) -> Job:
        """Return the job once it is over, however it ended.

        Raises:
            JobNotFoundError: this tenant has no such job.
            AIJobsError: `client_closed`, the backend was closed before.
        """
        ...

    def events(self, job_id: UUID, *, after: int = 0, follow: bool = True) -> AsyncGenerator[JobEvent]:
        """Yield events with `seq` > `after`, past ones first, and stop after the terminal one.

        With `follow` off it stops where the log ends now.

        Raises:
            JobNotFoundError: this tenant has no such job.
            AIJobsError: `client_closed`, the backend was closed before.
        """
        ...

    async def document(self, document_id: UUID) -> Document | None:
        """Return a document, None where this tenant has none by that id."""
        ...

    async def create_document(self, request: DocumentRequest) -> Document:
        """Begin a document with blocks for jobs to fill; return it, or the one that its idempotency key began."""
        ...

    async def blocks(self, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document of this tenant, in their order; none for any other document."""
        ...

    async def revisions(self, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block of this tenant has had, oldest first; none for any other block."""
        ...

    async def suggestions(self, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block of this tenant, oldest first; none for any other block."""
        ...

    async def apply_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Make a proposed text the block's own; one that was applied before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was rejected.
            SuggestionOutdatedError: its block has another text by now.
        """
        ...

    async def reject_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Leave the block as it is; one that was rejected before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was applied.
        """
        ...

    async def lineage(self, document_id: UUID) -> Sequence[LineageEvent]:
        """Return a document's history, oldest first."""
        ...

    async def images(self, job_id: UUID) -> Sequence[Image]:
        """Return the records of the pictures that a job of this tenant made, in their order; none for any other job."""
        ...

    async def usage(
        self, *, since: datetime, until: datetime, after: UUID | None = None, limit: int | None = None
    ) -> Sequence[UsageRow]:
        """Return usage rows with `since` <= `created_at` < `until`, oldest first, those of one instant by their ids.

        At most `limit` of them. `after` leaves out the rows of the instant `since` up to this id: with both from the
        last row of a page, the next one begins. `usage_pages()` does so.

        Raises:
            InvalidRequestError: a `limit` that is not 1 to MOST_PAGE_ROWS.
        """
        ...

    async def dead_letters(self, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of what failed jobs left behind, newest first."""
        ...

    async def dead_letter(self, job_id: UUID) -> DeadLetter:
        """Return what one failed job left behind.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
        """
        ...

    async def replay(self, job_id: UUID, *, idempotency_key: str | None = None) -> Job:
        """Submit a failed job once more, as a new job; its letter stays, and names the newest replay.

        With a key that was used before, the job that it was used for is returned, and the letter stays as it is.
        Without one it is the `replay_key` of the letter as it stands.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
            IdempotencyConflictError: the key was used before for something else.
            InvalidRequestError: its type or payload cannot be used any more; the field is named.
        """
        ...

    async def purge_dead_letters(self, *, older_than: timedelta) -> int:
        """Delete the letters of jobs that failed longer ago than this; return how many there were.

        Raises:
            InvalidRequestError: an age below zero.
        """
        ...

    async def schedule(self, request: ScheduleRequest) -> Schedule:
        """Submit a job again and again from now on, in place of what this tenant's schedule of the same name asked for.

        Raises:
            InvalidRequestError: a field cannot be used; it is named, and nothing was changed.
        """
        ...

    async def schedules(self) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        ...

    async def unschedule(self, name: str) -> None:
        """Submit no more of a schedule; jobs that were submitted go on.

        Raises:
            ScheduleNotFoundError: this tenant has none of this name.
        """
        ...

    async def open_batch(self, request: BatchRequest) -> BatchRecord:
        """Begin the journal of a batch, or return the one that this tenant has of this name, unchanged.

        Raises:
            InvalidRequestError: a field cannot be used; it is named.
        """
        ...

    async def batch(self, name: str) -> BatchRecord:
        """Return this tenant's batch of this name.

        Raises:
            BatchNotFoundError: there is none.
        """
        ...

    async def batches(self) -> Sequence[BatchRecord]:
        """Return this tenant's batches, the newest first."""
        ...

    async def change_batch(self, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said, and return the batch as it stands now.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
        """
        ...

    async def hold_batch(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back; note its standing; return it as it stands now.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
            BatchHeldError: another has it; nothing was changed.
        """
        ...

    async def put_batch_rows(self, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows, at most MOST_ROWS_AT_ONCE, in place of those at the same index.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
            InvalidRequestError: they are too many.
        """
        ...

    async def batch_rows(self, batch_id: UUID, *, start: int = 0, limit: int = 1000) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on, in their order; none for an unknown batch."""
        ...

    async def delete_batch(self, batch_id: UUID) -> None:
        """Forget a batch and its rows; its jobs stay.

        Raises:
            BatchNotFoundError: this tenant has no such batch.
        """
        ...

    async def now(self) -> datetime:
        """Return what time it is here, by the clock that jobs and usage are dated by."""
        ...

    async def health(self) -> Health:
        """Return how things are here, within a few seconds; a store that is away is an answer, not an error."""
        ...

    async def aclose(self) -> None:
        """Stop what this backend runs; jobs under way go back to pending.

        Whoever waits for something to happen to a job is told, by an AIJobsError with the code `client_closed`.
        """
        ...
