"""The client for code that blocks: every call is the async client's, made on the portal's loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload
from uuid import UUID

from aijobs_sdk.batch.arguments import BatchArguments
from aijobs_sdk.client.async_client import AsyncClient
from aijobs_sdk.client.async_handle import AsyncJobHandle
from aijobs_sdk.client.handle import JobHandle
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.client.request import GENERATION, SubmitOptions, as_a_batch, as_submitted
from aijobs_sdk.contract.batches import BatchRecord
from aijobs_sdk.contract.blocks import Block, BlockRequest, DocumentConfiguration, Revision
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.health import Health
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.records import DeadLetter, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.results import AnalysisResult, BlockResult, GenerationResult, ImageResult, JobResult
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.spans import Moment
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.contract.usage_pages import MOST_PAGE_ROWS

if TYPE_CHECKING:
    from aijobs_sdk.batch.reading.rows import Source
    from aijobs_sdk.client.batch import Batch


class Client:
    """Asks a backend for jobs; works in a script, and in a notebook under its running loop."""

    def __init__(self, client: AsyncClient, portal: Portal) -> None:
        self._client = client
        self._portal = portal

    @overload
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["ai_generation"] = "ai_generation",
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[GenerationResult]: ...
    @overload
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["image_generation"],
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[ImageResult]: ...
    @overload
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["block_generate", "block_refine"],
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[BlockResult]: ...
    @overload
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: Literal["block_analyze"],
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[AnalysisResult]: ...
    @overload
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: str,
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[JobResult]: ...
    @as_submitted
    def submit(
        self,
        prompt: str | None = None,
        *,
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> JobHandle[Any]:
        """Store a job and return its handle at once.

        Raises:
            InvalidRequestError: a field cannot be used; it is named, and nothing was stored.
            IdempotencyConflictError: the key was used before for something else.
        """
        [handle] = self.submit_many([self.request(prompt, type=type, **options)])
        handle.on_loop.output_model = options.get("output_model")
        return handle

    @as_submitted
    def request(
        self,
        prompt: str | None = None,
        *,
        type: str = GENERATION,  # noqa: A002
        **options: Unpack[SubmitOptions],
    ) -> JobRequest:
        """Return a request for `submit_many()`, in the words of `submit()`."""
        return self._client.request(prompt, type=type, **options)

    @as_submitted
    def estimate(
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
        return self._portal.call(lambda: self._client.estimate(prompt, type=type, **options))

    def submit_many(self, requests: Iterable[JobRequest]) -> list[JobHandle[Any]]:
        """Store all of these jobs or none, and return their handles in order.

        Raises:
            InvalidRequestError: a request cannot be used; its place and field are named.
            IdempotencyConflictError: a key was used before for something else.
        """
        return [self._blocking(handle) for handle in self._portal.call(self._client.submit_many, requests)]

    def job(self, job_id: UUID | str) -> JobHandle[Any]:
        """Return the handle of a job by its id, without asking anybody."""
        return self._blocking(self._client.job(job_id))

    def revive(self, job_id: UUID, last_known: Job | None) -> JobHandle[Any]:
        """Return the handle of a job whose record may be known already; that of an unpickled one is not."""
        return self._blocking(self._client.revive(job_id, last_known))

    def list(
        self,
        *,
        status: JobStatus | str | None = None,
        type: str | None = None,  # noqa: A002
        limit: int = 50,
    ) -> Iterator[JobHandle[Any]]:
        """Yield this tenant's jobs, newest first, over all pages of `limit` jobs each, at most 1000.

        Raises:
            InvalidRequestError: a value cannot be used; it is named.
        """
        for handle in self._portal.iterate(self._client.list(status=status, type=type, limit=limit)):
            yield self._blocking(handle)

    @as_a_batch
    def batch(self, source: Source = None, **arguments: Unpack[BatchArguments]) -> Batch:
        """Return a batch of one answer a row; `run()` sends it. With a `name` alone, the batch that was begun by it.

        `source` is a path or glob (`.jsonl`, `.csv`, `.parquet`), a list or generator, or a table of pandas, polars,
        Arrow or DuckDB. `prompt` is a template over its columns, and so may be `model`, `system` and all that is sent.

        Raises:
            InvalidRequestError: an argument, one of the first rows or a template cannot be used; the row is named, and
                nothing was sent.
            ConfigurationError: `detach` asks for what is not possible here.
        """
        from aijobs_sdk.client.batch import Batch  # noqa: PLC0415 - a seventh of what a first job loads

        return Batch(self._client.batch(source, **arguments), self._portal)

    def batches(self) -> Sequence[BatchRecord]:
        """Return all batches that have a name, the newest first: how far each is, and who runs it."""
        return self._portal.call(self._client.batches)

    def delete_batch(self, name: str) -> None:
        """Forget a batch and its rows; its jobs stay.

        Raises:
            BatchNotFoundError: there is none of this name.
            BatchHeldError: a process runs it: cancel it first.
        """
        self._portal.call(self._client.delete_batch, name)

    def create_document(
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
        create = partial(
            self._client.create_document,
            title,
            blocks=blocks,
            configuration=configuration,
            idempotency_key=idempotency_key,
        )
        return self._portal.call(create)

    def blocks(self, document_id: UUID | str) -> Sequence[Block]:
        """Return the blocks of a document as they stand, in their order; none for a document without any."""
        return self._portal.call(self._client.blocks, document_id)

    def revisions(self, block_id: UUID | str) -> Sequence[Revision]:
        """Return every text that a block has had, oldest first."""
        return self._portal.call(self._client.revisions, block_id)

    def suggestions(self, block_id: UUID | str) -> Sequence[Suggestion]:
        """Return every text that `block_refine` jobs proposed for a block, oldest first, decided or not."""
        return self._portal.call(self._client.suggestions, block_id)

    def apply_suggestion(self, suggestion_id: UUID | str) -> Suggestion:
        """Make a proposed text its block's own, as a new revision; one that was applied before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was rejected.
            SuggestionOutdatedError: its block has another text by now, which this would undo.
        """
        return self._portal.call(self._client.apply_suggestion, suggestion_id)

    def reject_suggestion(self, suggestion_id: UUID | str) -> Suggestion:
        """Leave the block as it is; a suggestion that was rejected before stays so.

        Raises:
            SuggestionNotFoundError: this tenant has no such suggestion.
            SuggestionDecidedError: it was applied.
        """
        return self._portal.call(self._client.reject_suggestion, suggestion_id)

    def document(self, document_id: UUID | str) -> Document | None:
        """Return a document, None where this tenant has none by that id."""
        return self._portal.call(self._client.document, document_id)

    def lineage(self, document_id: UUID | str) -> Sequence[LineageEvent]:
        """Return how a document came to be, oldest event first."""
        return self._portal.call(self._client.lineage, document_id)

    def images(self, job_id: UUID | str) -> Sequence[Image]:
        """Return the records of the pictures that a completed job made, in their order; none for any other job."""
        return self._portal.call(self._client.images, job_id)

    def usage(self, month: str | None = None) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of a month such as `2026-01`, by default that of `now()`, oldest first.

        Raises:
            InvalidRequestError: that is not a month.
        """
        return self._portal.call(self._client.usage, month)

    def usage_rows(
        self, month: str | None = None, *, since: Moment | None = None, until: Moment | None = None
    ) -> Iterator[UsageRow]:
        """Yield `query_usage` rows, oldest first, without holding more than a page of them.

        Those of a month such as `2026-01`, by default that of `now()`; or those from `since` to before `until`, each a
        day (UTC) or an instant, by default up to and with `now()`. Month and days go by `created_at`.

        Raises:
            InvalidRequestError: that is no span of time, or one longer than ten years.
        """
        rows = self._client.usage_rows(month, since=since, until=until)
        return self._portal.iterate(rows, at_once=MOST_PAGE_ROWS)

    def dead_letters(
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
        ask = partial(
            self._client.dead_letters,
            category=category,
            type=type,
            provider=provider,
            region=region,
            replayed=replayed,
            limit=limit,
            offset=offset,
        )
        return self._portal.call(ask)

    def dead_letter(self, job_id: UUID | str) -> DeadLetter:
        """Return what a failed job left behind: its payload, and how each attempt failed.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
        """
        return self._portal.call(self._client.dead_letter, job_id)

    def replay(self, letter: DeadLetter | UUID | str) -> JobHandle[Any]:
        """Submit a failed job once more, and return the handle of the new job; the failed one stays as it is.

        Args:
            letter: the failed job's id, or its letter as you read it: if somebody replayed that since, no new job is
                made, and the handle is of theirs.

        Raises:
            DeadLetterNotFoundError: this tenant has no such letter.
            InvalidRequestError: its type or payload cannot be used any more; the field is named.
        """
        return self._blocking(self._portal.call(self._client.replay, letter))

    def purge_dead_letters(self, *, older_than: timedelta) -> int:
        """Delete the dead letters of jobs that failed longer ago than this; return how many there were.

        Raises:
            InvalidRequestError: that is no length of time.
        """
        return self._portal.call(partial(self._client.purge_dead_letters, older_than=older_than))

    @as_submitted
    def schedule(
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
        ask = partial(self._client.schedule, name, prompt, cron=cron, timezone=timezone, type=type, **options)
        return self._portal.call(ask)

    def schedules(self) -> Sequence[Schedule]:
        """Return all schedules, by name."""
        return self._portal.call(self._client.schedules)

    def unschedule(self, name: str) -> None:
        """Submit no more of a schedule; jobs that were submitted go on.

        Raises:
            ScheduleNotFoundError: there is none of this name.
        """
        self._portal.call(self._client.unschedule, name)

    def now(self) -> datetime:
        """Return what time it is where jobs run, by which they are dated: a server's time, or a simulated one."""
        return self._portal.call(self._client.now)

    def health(self) -> Health:
        """Return whether the store answers, what the workers here do, and which providers are left alone.

        It takes a few seconds at most, starts nothing, and raises nothing because something is away.
        """
        return self._portal.call(self._client.health)

    def close(self) -> None:
        """Stop what this client runs; jobs under way go back to pending. The next call opens it again.

        Whoever waits for a job meanwhile is told, by an AIJobsError with the code `client_closed`.
        """
        self._portal.call(self._client.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _blocking(self, handle: AsyncJobHandle[Any]) -> JobHandle[Any]:
        return JobHandle(handle, self._portal, client=self)
