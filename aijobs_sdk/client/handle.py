"""The handle of one job, for code that blocks: notebooks and scripts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar
from uuid import UUID

from aijobs_sdk.client.async_handle import AsyncJobHandle, R_co, Reviver
from aijobs_sdk.client.called_back import called_back_apart
from aijobs_sdk.client.interrupting import letting_go
from aijobs_sdk.client.job_on_show import JobOnShow
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.client.record import HasRecord
from aijobs_sdk.contract.errors import JobCancelledError, JobFailedError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.notebook.shown import ShowsItself

T = TypeVar("T")


class JobHandle(HasRecord, ShowsItself, Generic[R_co]):
    """A job that was submitted, here or elsewhere, in the words of `concurrent.futures`.

    Until the job is over, reading an attribute asks how it stands: a loop over `handle.status` ends.
    Interrupting a call ends the waiting, never the job; in a notebook a second interrupt within a second cancels the
    job, where `wait()`, `result()` or `exception()` waited for it.
    """

    def __init__(self, handle: AsyncJobHandle[R_co], portal: Portal, *, client: Reviver) -> None:
        self.id: UUID = handle.id
        self.portal = portal
        self.on_loop = handle
        """The handle that does the work, on the portal's loop."""
        self._client = client
        self._on_show: JobOnShow | None = None

    @property
    def on_show(self) -> JobOnShow:
        """How it stands, and what may be asked of it, for who draws that."""
        if self._on_show is None:  # most handles are never shown
            self._on_show = self.on_loop.on_show.at(self.portal)
        return self._on_show

    @property
    def job(self) -> Job:
        """The record as it stands."""
        known = self.on_loop.last_known
        if known is None or not known.is_final:  # else there is nothing to ask
            self.refresh()
        return self.on_loop.job

    def refresh(self) -> JobHandle[R_co]:
        """Ask how the job stands; return this handle.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        self.portal.call(self.on_loop.refresh)
        return self

    def done(self) -> bool:
        """Return whether the job is over, one way or another."""
        return self.job.is_final

    def running(self) -> bool:
        """Return whether a worker has begun the job and it is not over."""
        return self.job.status is JobStatus.PROCESSING

    def cancelled(self) -> bool:
        """Return whether the job ended by being cancelled."""
        return self.job.cancelled()

    def cancel(self) -> Job:
        """Ask the job to stop and return how it stands; a finished one stays as it is."""
        return self.portal.call(self.on_loop.cancel)

    def wait(self, timeout: float | None = None) -> Job:
        """Return the job once it is over, however it ended.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
        """
        return self._waiting(self.on_loop.wait, timeout)

    def result(self, timeout: float | None = None) -> R_co:
        """Return what the job made, once it is done.

        Raises:
            JobFailedError: it failed; `error.info` says why.
            JobCancelledError: it was cancelled.
            TimeoutError: it is not over yet; it keeps running.
        """
        return self._waiting(self.on_loop.result, timeout)

    def exception(self, timeout: float | None = None) -> JobFailedError | JobCancelledError | None:
        """Return what `result()` would raise, None for a job that completed."""
        return self._waiting(self.on_loop.exception, timeout)

    def stream(self, after: int = 0) -> Iterator[JobEvent]:
        """Yield events with `seq` > `after`, past ones first, and stop after the terminal one."""
        return self.portal.iterate(self.on_loop.stream(after))

    def stream_text(self) -> Iterator[str]:
        """Yield the answer while it is written; joined, the pieces are `result().content`.

        After a retry that writes something else the pieces start again where the two part; `stream()` shows
        where that is (`TextDelta.offset`).
        """
        return self.portal.iterate(self.on_loop.stream_text())

    def events(self) -> list[JobEvent]:
        """Return what has happened so far, without waiting."""
        return self.portal.call(self.on_loop.events)

    def future(self) -> Future[R_co]:
        """Return a future of `result()`, for `concurrent.futures`; cancelling it ends the waiting, not the job.

        Its callbacks run in a thread of their own, one after the other, and may ask the client and wait.
        """
        return called_back_apart(self.portal.start(self.on_loop.result))

    def _waiting(self, function: Callable[[float | None], Coroutine[Any, Any, T]], timeout: float | None) -> T:
        with letting_go(self, noun="job"):
            return self.portal.call(function, timeout)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._client.revive, (self.id, None)

    def __repr__(self) -> str:
        return repr(self.on_loop)
