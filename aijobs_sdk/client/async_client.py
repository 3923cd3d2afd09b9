"""The client for code that awaits: the real one. `Client` is the same for code that blocks."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload
from uuid import UUID

from aijobs_sdk.batch.arguments import BatchArguments
from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.own_process import ATTACHED, Detaching
from aijobs_sdk.client.async_handle import AsyncJobHandle
from aijobs_sdk.client.request import (
    GENERATION,
    SubmitOptions,
    as_a_batch,
    as_id,
    as_name,
    as_submitted,
    dead_letter_query,
    document_request,
    job_query,
    request_for,
    schedule_request,
)
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchRecord
from aijobs_sdk.contract.blocks import Block, BlockRequest, DocumentConfiguration, Revision
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import BatchHeldError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.health import Health
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.records import DeadLetter, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.refusal import bad_argument, members_of
from aijobs_sdk.contract.results import AnalysisResult, BlockResult, GenerationResult, ImageResult, JobResult
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.contract.spans import Moment, OpenSpan, Span, span_of
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.contract.usage_pages import usage_pages

if TYPE_CHECKING:
    from aijobs_sdk.batch.async_batch import AsyncBatch
    from aijobs_sdk.batch.reading.rows import Source


class AsyncClient:
    """Asks a backend for jobs."""

    def __init__(self, backend: Backend, detaching: Detaching = ATTACHED) -> None:
        self._backend = backend
        self._detaching = detaching
        self._submitted = itertools.count(1)

    @overload
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["ai_generation"] = "ai_generation",
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[GenerationResult]: ...
    @overload
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["image_generation"],
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[ImageResult]: ...
    @overload
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["block_generate", "block_refine"],
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[BlockResult]: ...
    @overload
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["block_analyze"],
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[AnalysisResult]: ...
    @overload
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: str,
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[JobResult]: ...
    @as_submitted
    async def submit(
        self,
        prompt: str | None = None,
        *,
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> AsyncJobHandle[Any]:
        """Store a job and return its handle at once.

        Raises:
            InvalidRequestError: a field cannot be used; it is named, and nothing was stored.
            IdempotencyConflictError: the key was used before for something else.
        """
        [handle] = await self.submit_many([self.request(prompt, type=type, **options)])
        handle.output_model = options.get("output_model")
        return handle

    @as_submitted
    async def estimate(
        self,
        prompt: str | None = None,
        *,
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> Estimate:
        """Return what `submit()` with the same words would cost; nothing is stored, and no provider is asked.

        Raises:
            InvalidRequestError: a field cannot be used; it is named.
        """
        [estimate] = await self._backend.estimate([request_for(prompt, type, options, draw_key=None)])
        return estimate

    @as_submitted
    def request(
        self,
        prompt: str | None = None,
        *,
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> JobRequest:
        """Return a request for `submit_many()`, in the words of `submit()`."""
        return request_for(prompt, type, options, draw_key=f"submit/{next(self._submitted)}")

    async def submit_many(self, requests: Iterable[JobRequest]) -> list[AsyncJobHandle[Any]]:
        """Store all of these jobs or none, and return their handles in order.

        Raises:
            InvalidRequestError: a request cannot be used; its place and field are named.
            IdempotencyConflictError: a key was used before for something else.
        """
        asked = members_of("requests", requests, JobRequest, "requests, made with `client.request(...)`")
        jobs = await self._backend.submit(asked)
        return [AsyncJobHandle(self._backend, job.id, last_known=job, client=self) for job in jobs]

    def job(self, job_id: UUID | str) -> AsyncJobHandle[Any]:
        """Return the handle of a job by its id, without asking anybody."""
        return self.revive(as_id(job_id, "job_id"), None)

    def revive(self, job_id: UUID, last_known: Job | None) -> AsyncJobHandle[Any]:
        """Return the handle of a job whose record may be known already; that of an unpickled one is not."""
        return AsyncJobHandle(self._backend, job_id, last_known=last_known, client=self)

    async def list(
        self,
        *,
        status: JobStatus | str | None = None,
        type: str | None = None,  # noqa: A002
        limit: int = 50,
    ) -> AsyncGenerator[AsyncJobHandle[Any]]:
        """Yield this tenant's jobs, newest first, over all pages of `limit` jobs each, at most 1000.

        Raises:
            InvalidRequestError: a value cannot be used; it is named.
        """
        query = job_query(status=status, type=type, limit=limit)
        while True:
            page = await self._backend.list_jobs(query)
            for job in page.jobs:
                yield self.revive(job.id, job)
            if page.next_cursor is None:
                return
            query = query.model_copy(update={"cursor": page.next_cursor})

    @as_a_batch
    def batch(self, source: Source = None, **arguments: Unpack[BatchArguments]) -> AsyncBatch:
        """Return a batch of one answer a row; `run()` sends it. With a `name` alone, the batch that was begun by it.

        `source` is a path or glob (`.jsonl`, `.csv`, `.parquet`), a list or generator, or a table of pandas, polars,
        Arrow or DuckDB. `prompt` is a template over its columns, and so may be `model`, `system` and all that is sent.

        Raises:
            InvalidRequestError: an argument, one of the first rows or a template cannot be used; the row is named, and
                nothing was sent.
            ConfigurationError: `detach` asks for what is not possible here.
        """
        from aijobs_sdk.batch.async_batch import AsyncBatch  # noqa: PLC0415 - a seventh of what a first job loads

        detacher = self._detaching.detacher(arguments.get("name"), asked=arguments.get("detach"))
        return AsyncBatch(self._backend, source, detacher=detacher, **arguments)

    async def batches(self) -> Sequence[BatchRecord]:
        """Return all batches that have a name, the newest first: how far each is, and who runs it."""
        return await self._backend.batches()

    async def delete_batch(self, name: str) -> None:
        """Forget a batch and its rows; its jobs stay.

        Raises:
            BatchNotFoundError: there is none of this name.
            BatchHeldError: a process runs it: cancel it first.
        """
        record = await self._backend.batch(as_name(name))
        if (runner := runner_of(record)) is not None:
            raise BatchHeldError(name, held_by=runner.place)
        await self._backend.delete_batch(record.id)

    async def create_document(
        self,
        title: str,
        *,
        blocks: Sequence[BlockRequest | Mapping[str, object]] = (),
        configuration: DocumentConfiguration | Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Begin a document of your own, with blocks that `block_generate`, `block_refine` and `block_analyze` work on.

        Args:
            title: what the document is called.
            blocks: its parts in their order: each with a `title`, a `prompt`, or `content` that is there already.
            configuration: what jobs on the blocks go by: `model`, `evidence`, `goals`, `reviews`, and `context`, which
                of the three a model is given.
            idempotency_key: a second call with this key returns the document of the first.

        Raises:
            InvalidRequestError: a field cannot be used; it is named, and nothing was stored.
        """
        request = document_request(
            title=title, blocks=blocks, configuration=configuration, idempotency_key=idempotency_key
        )
        return await self._backend.create_document(request)

    async def blocks(self, document_id: UUID | str) -> Sequence[Block]:
        """Return the blocks of a document as they stand, in their order; none for a document without any."""
        return await self._backend.blocks(as_id(document_id, "document_id"))

    async def revisions(self, block_id: UUID | str) -> Sequence[Revision]:
        """Return every text that a block has had, oldest first."""
        return await self._backend.revisions(as_id(block_id, "block_id"))

    async def suggestions(self, block_id: UUID | str) -> Sequence[Suggestion]:
        """Return every text that `block_refine` jobs proposed for a block, oldest first, decided or not."""
        return await self._backend.suggestions(as_id(block_id, "block_id"))

    async def apply_suggestion(self, suggestion_id: UUID | str) -> Suggestion:
        """Make a proposed text its block's own, as a new revision; one that was applied before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was rejected.
            SuggestionOutdatedError: its block has another text by now, which this would undo.
        """
        return await self._backend.apply_suggestion(as_id(suggestion_id, "suggestion_id"))

    async def reject_suggestion(self, suggestion_id: UUID | str) -> Suggestion:
        """Leave the block as it is; a suggestion that was rejected before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was applied.
        """
        return await self._backend.reject_suggestion(as_id(suggestion_id, "suggestion_id"))

    async def document(self, document_id: UUID | str) -> Document | None:
        """Return a document, None where this tenant has none by that id."""
        return await self._backend.document(as_id(document_id, "document_id"))

    async def lineage(self, document_id: UUID | str) -> Sequence[LineageEvent]:
        """Return how a document came to be, oldest event first."""
        return await self._backend.lineage(as_id(document_id, "document_id"))

    async def images(self, job_id: UUID | str) -> Sequence[Image]:
        """Return the records of the pictures that a completed job made, in their order; none for any other job."""
        return await self._backend.images(as_id(job_id, "job_id"))

    async def usage(self, month: str | None = None) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of a month such as `2026-01`, by default that of `now()`, oldest first.

        Raises:
            InvalidRequestError: that is not a month.
        """
        return [row async for row in self.usage_rows(month)]

    def usage_rows(
        self, month: str | None = None, *, since: Moment | None = None, until: Moment | None = None
    ) -> AsyncGenerator[UsageRow]:
        """Yield `query_usage` rows, oldest first, without holding more than a page of them.

        Those of a month such as `2026-01`, by default that of `now()`; or those from `since` to before `until`, each a
        day (UTC) or an instant, by default up to and with `now()`. Month and days go by `created_at`.

        Raises:
            InvalidRequestError: that is no span of time, or one longer than ten years.
        """
        return self._usage_in(span_of(month, since=since, until=until))

    async def _usage_in(self, asked: Span | OpenSpan) -> AsyncGenerator[UsageRow]:
        span = asked if isinstance(asked, Span) else asked.at(await self.now())
        async for page in usage_pages(self._backend, since=span.since, until=span.until):
            for row in page:
                yield row

    async def dead_letters(
        self,
        *,
        category: ErrorCategory | str | None = None,
        type: str | None = None,  # noqa: A002
        provider: str | None = None,
        region: str | None = None,
        replayed: bool | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Sequence[DeadLetter]:
        """Return what failed jobs left behind, newest first: `limit` of them after the first `offset`.

        Args:
            category: what kind of thing went wrong in the last attempt.
            type: of which job type.
            provider: where it went wrong.
            region: where that provider was asked.
            replayed: only those that were replayed already, or only those that were not.
            limit: at most 1000.
            offset: how many of the newest to leave out.

        Raises:
            InvalidRequestError: a value cannot be used; it is named.
        """
        query = dead_letter_query(
            category=category,
            type=type,
            provider=provider,
            region=region,
            replayed=replayed,
            limit=limit,
            offset=offset,
        )
        return await self._backend.dead_letters(query)

    async def dead_letter(self, job_id: UUID | str) -> DeadLetter:
        """Return what a failed job left behind: its payload, and how each attempt failed.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
        """
        return await self._backend.dead_letter(as_id(job_id, "job_id"))

    async def replay(self, letter: DeadLetter | UUID | str) -> AsyncJobHandle[Any]:
        """Submit a failed job once more, and return the handle of the new job; the failed one stays as it is.

        Args:
            letter: the failed job's id, or its letter as you read it: if somebody replayed that since, no new job is
                made, and the handle is of theirs.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
            InvalidRequestError: its type or payload cannot be used any more; the field is named.
        """
        if isinstance(letter, DeadLetter):
            job = await self._backend.replay(letter.job_id, idempotency_key=letter.replay_key)
        else:
            job = await self._backend.replay(as_id(letter, "letter"))
        return self.revive(job.id, job)

    async def purge_dead_letters(self, *, older_than: timedelta) -> int:
        """Delete the dead letters of jobs that failed longer ago than this; return how many there were.

        Raises:
            InvalidRequestError: that is no length of time.
        """
        if not isinstance(older_than, timedelta):
            raise bad_argument("older_than", f"must be a timedelta, got {shape_of(older_than)}")
        return await self._backend.purge_dead_letters(older_than=older_than)

    @as_submitted
    async def schedule(
        self,
        name: str,
        prompt: str | None = None,
        *,
        cron: str,
        timezone: str = "UTC",
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> Schedule:
        """Submit a job whenever its time has come, from now on; the options are those of `submit()`.

        Args:
            name: what you call it; a schedule of the same name is replaced.
            prompt: as of `submit()`.
            cron: minute, hour, day of month, month, day of week, such as `0 3 * * mon-fri`.
            timezone: whose clock that means, such as `Europe/Berlin`.
            type: as of `submit()`.

        Raises:
            InvalidRequestError: a field cannot be used; it is named, and nothing was changed.
        """
        job = request_for(prompt, type, options, draw_key=None)
        return await self._backend.schedule(schedule_request(name=name, cron=cron, timezone=timezone, job=job))

    async def schedules(self) -> Sequence[Schedule]:
        """Return all schedules, by name."""
        return await self._backend.schedules()

    async def unschedule(self, name: str) -> None:
        """Submit no more of a schedule; jobs that were submitted go on.

        Raises:
            ScheduleNotFoundError: there is none of this name.
        """
        await self._backend.unschedule(as_name(name))

    async def now(self) -> datetime:
        """Return what time it is where jobs run, by which they are dated: a server's time, or a simulated one."""
        return await self._backend.now()

    async def health(self) -> Health:
        """Return whether the store answers, what the workers here do, and which providers are left alone.

        It takes a few seconds at most, starts nothing, and raises nothing because something is away.
        """
        return await self._backend.health()

    async def close(self) -> None:
        """Stop what this client runs; jobs under way go back to pending. The next call opens it again.

        Whoever waits for a job meanwhile is told, by an AIJobsError with the code `client_closed`.
        """
        await self._backend.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
