"""Who waits for the end of which job: of what ends here they are handed the record, of the rest they hear to look."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from types import TracebackType
from uuid import UUID

from aijobs_sdk.contract.job import Job

_Awaited = dict[int, set[asyncio.Future[Job | None]]]
"""By `id.int`."""


class Ends:
    """The ends that are awaited in one process."""

    def __init__(self) -> None:
        self._awaited: _Awaited = {}

    def awaited(self, job_id: UUID) -> AwaitedEnd:
        """Return what hears of a job from now on; awaited, it is the job as it ended, None for: look yourself."""
        return AwaitedEnd(self._awaited, job_id)

    @property
    def ids(self) -> Collection[UUID]:
        """The jobs whose end is awaited."""
        return [UUID(int=number) for number in self._awaited]

    def tell(self, job: Job) -> None:
        """Hand a job that has ended to all who wait for it."""
        for future in self._awaited.get(job.id.int, ()):
            if not future.done():
                future.set_result(job)

    def look(self, job_ids: Collection[UUID]) -> None:
        """Send those who wait for one of these jobs to look for themselves."""
        for job_id in job_ids:
            for future in self._awaited.get(job_id.int, ()):
                if not future.done():
                    future.set_result(None)


class AwaitedEnd:
    """The end of one job, as one of those who wait for it sees it."""

    __slots__ = ("_awaited", "_future", "_key")

    def __init__(self, awaited: _Awaited, job_id: UUID) -> None:
        self._awaited = awaited
        self._key = job_id.int
        self._future: asyncio.Future[Job | None] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> asyncio.Future[Job | None]:
        waiting = self._awaited.get(self._key)
        if waiting is None:
            self._awaited[self._key] = {self._future}
        else:
            waiting.add(self._future)
        return self._future

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        waiting = self._awaited[self._key]
        waiting.discard(self._future)
        if not waiting:
            del self._awaited[self._key]
