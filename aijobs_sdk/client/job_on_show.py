"""A job on show: how far it is, as its event log tells, and what whoever watches may ask of it."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Protocol, assert_never
from uuid import UUID

from aijobs_sdk.batch.place import Place
from aijobs_sdk.client.written import Written
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.errors import CLIENT_CLOSED, AIJobsError, JobNotFoundError
from aijobs_sdk.contract.events import (
    JobAccepted,
    JobCancelled,
    JobCancelRequested,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobReleased,
    JobRetrying,
    JobStarted,
    StatusEvent,
    TerminalEvent,
    TextDelta,
    UnknownEvent,
)
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.notebook.fitting import end_of
from aijobs_sdk.notebook.snapshot import TAIL_CHARACTERS, Cause, Command, JobSnapshot, Phase, Tail

ANSWER = "answer"


class Followed(Protocol):
    """The handle of a job, as its panel knows it."""

    id: UUID
    last_known: Job | None


class JobOnShow:
    """What the panel of one job shows and steers.

    Args:
        handle: what is known of the job; it learns of its end from here as well.
        backend: where the job is.
        place: the loop on which it is asked about.
    """

    def __init__(self, handle: Followed, backend: Backend, place: Place) -> None:
        self._handle = handle
        self._backend = backend
        self._place = place
        self._following: Future[None] | None = None
        self._written = Written()
        self._note = ""
        """What came in the way of following it, or of what was asked for last."""
        self._is_abandoned = False
        """Whether its client was closed while it was followed; it is followed again when it is shown again."""
        self.aside = ""
        """What whoever waits for it has to say, before everything else."""
        known = handle.last_known
        self._now = _of_nothing(handle.id) if known is None else _of(known)

    def at(self, place: Place) -> JobOnShow:
        """Return the same, asked about on another loop."""
        return JobOnShow(self._handle, self._backend, place)

    def follow(self) -> None:
        """Learn from here on what becomes of the job; where that is known, nothing is asked."""
        known = self._handle.last_known
        if (known is not None and known.is_final) or not self._place.is_there:
            return
        if self._following is None or self._following.done():
            self._note, self._is_abandoned = "", False
            self._following = self._place.start(self._follow)
            self._following.add_done_callback(self._heed_end)

    def snapshot(self) -> JobSnapshot:
        """Return how it stands: from any thread, without waiting; equal where nothing changed."""
        known = self._handle.last_known
        if known is not None and known.is_final:  # whoever learnt it, its record tells all of it
            return replace(_of(known), note=self.aside, tail=self._answer(known))
        text = self._written.end(TAIL_CHARACTERS)
        return replace(
            self._now,
            note=self.aside or self._note,
            tail=Tail(label=ANSWER, text=text) if text else None,
            commands=self._now.commands if self._place.is_there and not self._is_abandoned else (),
            is_abandoned=self._is_abandoned,
        )

    def steer(self, command: Command) -> None:
        """Have something done about it, and return at once; from any thread. `note` says what came in the way."""
        if command is not Command.CANCEL:  # nothing else is offered
            return
        self._note = ""
        try:
            self._place.start(self._cancel).add_done_callback(self._heed_end)
        except RuntimeError as gone:  # its loop was closed just now
            self._note = str(gone)

    async def _cancel(self) -> None:
        self._handle.last_known = await self._backend.cancel(self._handle.id)

    async def _follow(self) -> None:
        job = self._handle.last_known or await self._backend.get(self._handle.id)
        # All that has happened so far at once: who looks meanwhile is not to see it go through that again.
        now, seen = _of(job), 0
        async with aclosing(self._backend.events(job.id, follow=False)) as past:
            async for event in past:
                now, seen = self._after(now, event), event.seq
                job = await self._ended(event) or job
        self._now = now
        if not job.is_final:
            async with aclosing(self._backend.events(job.id, after=seen)) as events:
                async for event in events:
                    self._now = self._after(self._now, event)
                    await self._ended(event)

    async def _ended(self, event: JobEvent) -> Job | None:
        """Return how the job ended, if this says that it did."""
        if isinstance(event, TerminalEvent):
            self._handle.last_known = await self._backend.get(self._handle.id)
            return self._handle.last_known
        return None

    def _heed_end(self, done: Future[None]) -> None:
        if done.cancelled() or (error := done.exception()) is None:
            return
        self._note = str(error) or type(error).__name__
        self._is_abandoned = isinstance(error, AIJobsError) and error.code == CLIENT_CLOSED
        if isinstance(error, JobNotFoundError):  # nothing will ever become of it
            cause = Cause(code=error.code, count=1, message=self._note, examples=())
            self._now, self._note = replace(self._now, phase=Phase.FAILED, error=cause, commands=()), ""

    def _after(self, now: JobSnapshot, event: JobEvent) -> JobSnapshot:
        match event:
            case TextDelta():
                self._written.add(event.text, offset=event.offset)
                return now
            case JobAccepted() | JobProgressed() | JobReleased():
                return _moved(now, event)
            case JobStarted():
                return _moved(now, event, attempt=event.attempt)
            case JobRetrying():
                return replace(_moved(now, event, attempt=event.attempt), error=_cause(event.error))
            case JobCancelRequested():
                return replace(_moved(now, event), commands=())
            case JobCompleted() | JobFailed() | JobCancelled() | UnknownEvent():  # the record tells more of an end
                return now
            case _:
                assert_never(event)

    def _answer(self, job: Job) -> Tail | None:
        content = (job.result or {}).get("content")
        text = end_of(content, TAIL_CHARACTERS) if isinstance(content, str) else self._written.end(TAIL_CHARACTERS)
        return Tail(label=ANSWER, text=text) if text else None


def _of_nothing(job_id: UUID) -> JobSnapshot:
    return JobSnapshot(title=_title(job_id), phase=Phase.READY, commands=(Command.CANCEL,))


def _of(job: Job) -> JobSnapshot:
    result = job.result or {}
    return JobSnapshot(
        title=_title(job.id),
        phase=_phase(job.status, job.attempts, is_cancelled=job.cancelled()),
        model=_name(job.payload.get("model")),
        percent=job.progress,
        message=job.message,
        attempt=job.attempts,
        max_attempts=job.max_attempts,
        elapsed_seconds=_seconds(job),
        input_tokens=_count(result.get("input_tokens")),
        output_tokens=_count(result.get("output_tokens")),
        credits=_amount(result.get("credits_used")),
        error=None if job.error is None or job.cancelled() else _cause(job.error),
        commands=() if job.is_final else (Command.CANCEL,),
    )


def _moved(now: JobSnapshot, event: StatusEvent, *, attempt: int | None = None) -> JobSnapshot:
    attempt = now.attempt if attempt is None else attempt
    phase = _phase(event.status, attempt, is_cancelled=False)
    return replace(now, phase=phase, percent=event.progress, message=event.message, attempt=attempt)


def _phase(status: JobStatus, attempt: int, *, is_cancelled: bool) -> Phase:
    match status:
        case JobStatus.PENDING:
            return Phase.RUNNING if attempt else Phase.READY
        case JobStatus.PROCESSING:
            return Phase.RUNNING
        case JobStatus.COMPLETED:
            return Phase.FINISHED
        case JobStatus.FAILED:
            return Phase.CANCELLED if is_cancelled else Phase.FAILED
        case _:
            assert_never(status)


def _cause(error: ErrorInfo) -> Cause:
    return Cause(code=error.code, count=1, message=error.message, examples=())


def _title(job_id: UUID) -> str:
    return f"Job {str(job_id)[:8]}"


def _seconds(job: Job) -> float | None:
    if job.started_at is None or job.completed_at is None:
        return None
    return (job.completed_at - job.started_at).total_seconds()


# A type of a user's own may call something else by these names, or leave it empty.
def _name(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _amount(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
