"""The handle of one job, for code that awaits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel

from aijobs_sdk.batch.place import LoopPlace
from aijobs_sdk.client.job_on_show import JobOnShow
from aijobs_sdk.client.record import HasRecord
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError, JobCancelledError, JobFailedError
from aijobs_sdk.contract.events import JobEvent, TerminalEvent, TextDelta
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.contract.refusal import bad_argument, check_seconds
from aijobs_sdk.contract.results import JobResult, read_result, with_output
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.notebook.shown import ShowsItself

LOOK_SECONDS = 5.0
"""How long a look may take that is to wait for nothing but its answer."""
R_co = TypeVar("R_co", bound=JobResult, covariant=True)


class Reviver(Protocol):
    """A client, as its handles need it where they are unpickled; it travels as an address without a key."""

    def revive(self, job_id: UUID, last_known: Job | None) -> object:
        """Return the handle of a job whose record may be known already."""
        ...


class AsyncJobHandle(HasRecord, ShowsItself, Generic[R_co]):
    """A job that was submitted, here or elsewhere. Attributes say what was last known; methods ask.

    `await handle` is `await handle.result()`.
    """

    __slots__ = ("_backend", "_client", "_on_show", "_place", "id", "last_known", "output_model")

    def __init__(self, backend: Backend, job_id: UUID, *, last_known: Job | None, client: Reviver) -> None:
        self.id = job_id
        self.last_known = last_known
        """The last record that was read; None for a job attached by id and not asked for yet."""
        self.output_model: type[BaseModel] | None = None
        """What `result().output` is made an instance of; it is not pickled."""
        self._backend = backend
        self._client = client
        self._on_show: JobOnShow | None = None
        self._place: LoopPlace | None = None

    @property
    def on_show(self) -> JobOnShow:
        """How it stands, and what may be asked of it, for who draws that."""
        if self._on_show is None or self._place is None:  # most handles are never shown
            self._place = LoopPlace()
            self._on_show = JobOnShow(self, self._backend, self._place)
        self._place.note()
        return self._on_show

    @property
    def job(self) -> Job:
        """The record as last known.

        Raises:
            InvalidRequestError: nothing was asked yet about a job attached by id; `await handle.refresh()`.
        """
        if self.last_known is None:
            raise InvalidRequestError(f"Job {self.id} was not asked for yet: `await handle.refresh()` first.")
        return self.last_known

    async def refresh(self) -> AsyncJobHandle[R_co]:
        """Ask how the job stands; return this handle.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        self.last_known = await self._backend.get(self.id)
        return self

    async def done(self) -> bool:
        """Return whether the job is over, one way or another."""
        return (await self._current()).is_final

    async def running(self) -> bool:
        """Return whether a worker has begun the job and it is not over."""
        return (await self._current()).status is JobStatus.PROCESSING

    async def cancelled(self) -> bool:
        """Return whether the job ended by being cancelled."""
        return (await self._current()).cancelled()

    async def cancel(self) -> Job:
        """Ask the job to stop and return how it stands; a finished one stays as it is."""
        job = self.last_known = await self._backend.cancel(self.id)
        return job

    async def wait(self, timeout: float | None = None) -> Job:  # noqa: ASYNC109 - one meaning everywhere: seconds this call may take
        """Return the job once it is over, however it ended. A `timeout` of 0 takes one look, wherever jobs run.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError: `timeout` is no number.
        """
        check_seconds("timeout", timeout)
        if timeout is None:
            return await self._ended()
        try:
            if timeout <= 0:
                return await self._over_by_now()
            async with asyncio.timeout(timeout):
                return await self._ended()
        except TimeoutError:
            raise TimeoutError(
                f"Job {self.id} is not finished after {timeout:g} s; it keeps running. Wait again, or cancel() it."
            ) from None

    async def result(self, timeout: float | None = None) -> R_co:  # noqa: ASYNC109
        """Return what the job made, once it is done.

        Raises:
            JobFailedError: it failed; `error.info` says why.
            JobCancelledError: it was cancelled.
            InvalidOutputError: it is done, and its answer does not fit the `output_model`.
            TimeoutError: it is not over yet; it keeps running.
        """
        job = await self.wait(timeout)
        if job.error is not None:
            raise JobCancelledError(job, job.error) if job.cancelled() else JobFailedError(job, job.error)
        result = read_result(job.type, job.result or {})
        if self.output_model is not None:
            result = with_output(result, self.output_model)
        return cast("R_co", result)

    async def exception(self, timeout: float | None = None) -> JobFailedError | JobCancelledError | None:  # noqa: ASYNC109
        """Return what `result()` would raise, None for a job that completed."""
        try:
            await self.result(timeout)
        except (JobFailedError, JobCancelledError) as error:
            return error
        return None

    async def stream(self, after: int = 0) -> AsyncGenerator[JobEvent]:
        """Yield events with `seq` > `after`, past ones first, and stop after the terminal one.

        Raises:
            InvalidRequestError: `after` is no whole number.
        """
        if not isinstance(after, int):
            raise bad_argument("after", f"must be the `seq` of an event, got {shape_of(after)}")
        async with aclosing(self._backend.events(self.id, after=after)) as events:
            async for event in events:
                if isinstance(event, TerminalEvent):
                    await self.refresh()
                yield event

    async def stream_text(self) -> AsyncGenerator[str]:
        """Yield the answer while it is written; joined, the pieces are `result().content`.

        After a retry that writes something else the pieces start again where the two part; `stream()` shows
        where that is (`TextDelta.offset`).
        """
        async with aclosing(self._backend.events(self.id)) as events:
            async for event in events:
                if isinstance(event, TextDelta) and event.text:
                    yield event.text

    async def events(self) -> list[JobEvent]:
        """Return what has happened so far, without waiting."""
        async with aclosing(self._backend.events(self.id, follow=False)) as events:
            return [event async for event in events]

    def __await__(self) -> Generator[Any, None, R_co]:
        return self.result().__await__()

    def __reduce__(self) -> tuple[Any, ...]:
        # What is known of the job stays here: it holds the prompt and the answer, and is asked for where it is wanted.
        return self._client.revive, (self.id, None)

    def __repr__(self) -> str:
        if self.last_known is None:
            return f"<Job {self.id}>"
        return f"<Job {self.id} {self.last_known.type} {self.last_known.status} {self.last_known.progress}%>"

    async def _current(self) -> Job:
        if self.last_known is None or not self.last_known.is_final:
            await self.refresh()
        return self.job

    async def _ended(self) -> Job:
        if self.last_known is None or not self.last_known.is_final:
            self.last_known = await self._backend.ended(self.id)
        return self.last_known

    async def _over_by_now(self) -> Job:
        async with asyncio.timeout(LOOK_SECONDS):  # within no time no server would ever say that it is
            job = await self._current()
        if not job.is_final:
            raise TimeoutError
        return job
