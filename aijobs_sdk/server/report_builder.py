"""The report builder's jobs, which fill, refine and analyse the blocks of a document."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError, JobNotFoundError
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus
from aijobs_sdk.server.answers import BODY, answer, answers_with, takes
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.body import parsed, read_json
from aijobs_sdk.server.report_forms import (
    TASKS,
    ReportJobIn,
    ReportJobOut,
    ReportJobsOut,
    ReportJobStarted,
    ReportJobStopped,
    shown,
    status_of,
)
from aijobs_sdk.server.submissions import check_key, check_prompt
from aijobs_sdk.server.written import Written

router = APIRouter(prefix="/api/report-builder/jobs", tags=["report builder"])

_AT_ONCE = 20
"""Jobs of each kind that are read together: each may hold a text of 100,000 characters."""


@router.post(
    "",
    status_code=201,
    responses=answers_with(ReportJobStarted, 409, *BODY, status=201),
    openapi_extra=takes(ReportJobIn),
)
async def start_report_job(
    request: Request, writer: Writer, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Fill a block from its prompt, rewrite it by feedback, or find what is to be mended in it."""
    check_key(idempotency_key)
    asked = parsed(ReportJobIn, await read_json(request, writer.site.limits)).request(key=idempotency_key)
    check_prompt(asked.payload, writer.site.limits, place="")
    try:
        [job] = await writer.backend.submit([asked])
    except InvalidRequestError as error:
        raise _in_its_words(error) from None
    return answer(ReportJobStarted(job_id=job.id, status=status_of(job)), 201)


def _in_its_words(error: InvalidRequestError) -> InvalidRequestError:
    """Return the same refusal, with fields as the body has them: there is no payload in it."""
    fields = [one.replace(field=one.field.removeprefix("payload.")) for one in error.fields]
    return InvalidRequestError(error.message.replace("`payload.", "`"), code=error.code, fields=fields)


@router.get("", responses=answers_with(ReportJobsOut))
async def list_report_jobs(
    reader: Reader,
    document_id: Annotated[UUID | None, Query(alias="documentId")] = None,
    status: JobStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """List jobs on blocks, newest first; fewer than `limit` where their texts are long."""
    written = Written(enough_bytes=reader.site.limits.max_body_bytes, limit=limit)
    queries = [JobQuery(type=name, document_id=document_id, status=status, limit=_AT_ONCE) for name in TASKS]
    async with aclosing(_newest_first([_jobs(reader.backend, query) for query in queries])) as jobs:
        async for job in jobs:
            if not written.add([shown(job)]):
                break
    return Response(b'{"jobs":%s}' % written.json(), media_type="application/json")


async def _newest_first(kinds: Iterable[AsyncGenerator[Job]]) -> AsyncGenerator[Job]:
    """Yield the jobs of several lists, each of which begins with its newest."""
    first = {kind: job for kind in kinds if (job := await anext(kind, None)) is not None}
    while first:
        kind = max(first, key=lambda one: first[one].created_at)
        yield first.pop(kind)
        if (job := await anext(kind, None)) is not None:
            first[kind] = job


async def _jobs(backend: Backend, query: JobQuery) -> AsyncGenerator[Job]:
    cursor: str | None = None
    while True:
        page = await backend.list_jobs(query.replace(cursor=cursor))
        for job in page.jobs:
            yield job
        if (cursor := page.next_cursor) is None:
            return


@router.get("/{job_id}", responses=answers_with(ReportJobOut, 404))
async def get_report_job(job_id: UUID, reader: Reader) -> Response:
    """Say how a job on a block stands."""
    return answer(shown(await _job_on_a_block(reader.backend, job_id)))


@router.delete("/{job_id}", responses=answers_with(ReportJobStopped, 404))
async def stop_report_job(job_id: UUID, writer: Writer) -> Response:
    """Ask a job on a block to stop; a finished one stays as it is."""
    before = await _job_on_a_block(writer.backend, job_id)
    if before.is_final:
        return answer(_too_late(before))
    job = await writer.backend.cancel(job_id)
    if job.is_final and not job.cancelled():
        return answer(_too_late(job))
    message = "The job was cancelled." if job.is_final else "The job was asked to stop."
    return answer(ReportJobStopped(success=True, message=message))


def _too_late(job: Job) -> ReportJobStopped:
    return ReportJobStopped(success=False, message=f"The job was over already: {status_of(job)}.")


async def _job_on_a_block(backend: Backend, job_id: UUID) -> Job:
    job = await backend.get(job_id)
    if job.type not in TASKS:
        raise JobNotFoundError(job_id)
    return job
