"""Jobs as answers that are never much larger than a request may be: a page of a list, and those of a look-up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import JobNotFoundError, UnreadableRecordError
from aijobs_sdk.contract.job import Job, JobQuery
from aijobs_sdk.contract.problem import problem_of
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
    unreadable: dict[str, dict[str, JsonValue]] = {}
    looked_up = 0
    while looked_up < len(ids) and not written.is_enough:
        some = ids[looked_up : looked_up + min(_LOOKED_UP_AT_ONCE, written.room())]
        for job_id, found in zip(some, await asyncio.gather(*(_found(backend, one) for one in some)), strict=True):
            match found:
                case JobNotFoundError():
                    missing.append(job_id)
                case UnreadableRecordError():
                    unreadable[str(job_id)] = problem_of(found)
                case Job() if not written.add([found]):
                    break
            looked_up += 1
    others = (to_json(missing), to_json(unreadable), to_json(ids[looked_up:]))
    return _answer(b'{"jobs":%s,"missing":%s,"unreadable":%s,"rest":%s}' % (written.json(), *others))


async def _found(backend: Backend, job_id: UUID) -> Job | JobNotFoundError | UnreadableRecordError:
    try:
        return await backend.get(job_id)
    except (JobNotFoundError, UnreadableRecordError) as error:
        return error


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")
