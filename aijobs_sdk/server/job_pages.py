"""Jobs as answers that are never much larger than a request may be: a page of a list, and those of a look-up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import JobNotFoundError, UnreadableRecordError
from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.server.written import Written

_LOOKED_UP_AT_ONCE = 10


async def answer_page(backend: Backend, query: JobQuery, *, enough_bytes: int) -> Response:
    """Answer with the jobs of one page, fewer where they are long, and with where to go on; `JobPage` is its form."""
    written = Written(enough_bytes=enough_bytes, limit=query.limit)
    cursor = query.cursor
    while True:
        part = query.replace(limit=written.room(), cursor=cursor)
        page = await backend.list_jobs(part)
        while (added := written.add(page.jobs)) < len(page.jobs):
            written.take_back(added)  # a cursor stands behind a page only: ask for one that ends where it is enough
            page = await backend.list_jobs(part.replace(limit=added))
        cursor = page.next_cursor
        if cursor is None or written.is_enough:
            break
        await asyncio.sleep(0)  # others have a turn
    return _answer(b'{"jobs":%s,"next_cursor":%s}' % (written.json(), to_json(cursor)))


async def answer_look_up(backend: Backend, ids: Sequence[UUID], *, enough_bytes: int) -> Response:
    """Answer with how these jobs stand, until it is enough, and which were not looked up; `LookupOut` is its form."""
    written = Written(enough_bytes=enough_bytes, limit=len(ids))
    missing: list[UUID] = []
    looked_up = 0
    while looked_up < len(ids) and not written.is_enough:
        some = ids[looked_up : looked_up + min(_LOOKED_UP_AT_ONCE, written.room())]
        for job_id, job in zip(some, await asyncio.gather(*(_job_or_none(backend, one) for one in some)), strict=True):
            if job is None:
                missing.append(job_id)
            elif not written.add([job]):
                break
            looked_up += 1
    rest = ids[looked_up:]
    return _answer(b'{"jobs":%s,"missing":%s,"rest":%s}' % (written.json(), to_json(missing), to_json(rest)))


async def _job_or_none(backend: Backend, job_id: UUID) -> Job | None:
    try:
        return await backend.get(job_id)
    except (JobNotFoundError, UnreadableRecordError):  # whoever asks for the one alone is told why
        return None


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")
