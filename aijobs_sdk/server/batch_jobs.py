"""The jobs of a batch in the order of their age, found through pages that show the newest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from uuid import UUID

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import IdPage, JobQuery

_FIRST_JOBS, _PAGE_JOBS = 20, 200
"""On the page with the newest, which is looked at again and again, and on each of those behind it."""


class BatchJobs:
    """One batch's jobs; however many there are, the ids of a page are in memory, and the cursors of the others."""

    def __init__(self, backend: Backend, batch_id: UUID) -> None:
        self._backend = backend
        self._batch_id = batch_id

    async def newer_than(self, known: UUID | None) -> AsyncGenerator[UUID]:
        """Yield the jobs that are newer than this one, all of them where it is None, oldest first."""
        first = page = await self._page(None)
        cursors: list[str] = []
        while known not in page.ids and page.next_cursor is not None:
            cursors.append(page.next_cursor)
            page = await self._page(page.next_cursor)
        for cursor in reversed(cursors):
            for job_id in _oldest_first(await self._page(cursor), known):
                yield job_id
        for job_id in _oldest_first(first, known):  # as it was: a look from the top shows other ones by now
            yield job_id

    async def up_to(self, newest: UUID, distances: Collection[int]) -> dict[int, UUID]:
        """Return the jobs that are by so many older than this one, as far as there are such.

        Raises:
            ValueError: the batch has no such job.
        """
        page = await self._page(None)
        while newest not in page.ids:
            if page.next_cursor is None:
                raise ValueError(newest)
            page = await self._page(page.next_cursor)
        furthest, found = max(distances, default=0), {}
        distance = -page.ids.index(newest)
        while True:
            found.update({n: job_id for n, job_id in enumerate(page.ids, distance) if n in distances})
            distance += len(page.ids)
            if distance > furthest or page.next_cursor is None:
                return found
            page = await self._page(page.next_cursor)

    async def _page(self, cursor: str | None) -> IdPage:
        query = JobQuery(batch_id=self._batch_id, limit=_FIRST_JOBS if cursor is None else _PAGE_JOBS, cursor=cursor)
        return await self._backend.list_ids(query)


def _oldest_first(page: IdPage, known: UUID | None) -> Sequence[UUID]:
    newer = page.ids[: page.ids.index(known)] if known in page.ids else page.ids
    return newer[::-1]
