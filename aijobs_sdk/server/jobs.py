"""Jobs: submitted, looked at, asked to stop."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.job import Job, JobPage
from aijobs_sdk.contract.problem import problem_of
from aijobs_sdk.server.answers import BODY, answer, answers_with, takes
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.body import check_count, parsed, read_json
from aijobs_sdk.server.forms import (
    EstimatesOut,
    ImagesOut,
    JobIn,
    JobsAsked,
    JobsIn,
    JobsOut,
    LookupIn,
    LookupOut,
    RefusalsOut,
)
from aijobs_sdk.server.job_pages import answer_look_up, answer_page
from aijobs_sdk.server.problems import Problem
from aijobs_sdk.server.submissions import IdempotencyKey, check_prompts, read_jobs, read_submission, refused_prompts

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

_AT_ONCE = 50
"""So many jobs of a request are looked at before others have a turn."""


@router.post(
    "",
    status_code=201,
    responses=answers_with(Job, 409, *BODY, status=201),
    openapi_extra=takes(JobIn, JobsIn),
)
async def submit(request: Request, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Submit one job, or many: all of them, or none."""
    asked = await read_submission(request, writer.site.limits, key=key)
    if isinstance(asked, list):
        return answer(JobsOut(jobs=await writer.backend.submit(asked)), 201)
    [job] = await writer.backend.submit([asked])
    return answer(job, 201)


@router.post("/refusals", responses=answers_with(RefusalsOut, *BODY), openapi_extra=takes(JobsIn))
async def find_refusals(request: Request, reader: Reader) -> Response:
    """Say which of these jobs would be refused, and why."""
    asked = await read_jobs(request, reader.site.limits)
    refused = dict(refused_prompts(asked, reader.site.limits))
    for start in range(0, len(asked), _AT_ONCE):
        found = await reader.backend.refusals(asked[start : start + _AT_ONCE])
        for n, error in found.items():
            refused.setdefault(start + n, error)
        await asyncio.sleep(0)  # to say what is wrong with ten thousand takes seconds: others have a turn
    problems = {n: Problem.model_validate(problem_of(one)) for n, one in sorted(refused.items())}
    return answer(RefusalsOut(refusals=problems))


@router.post("/estimates", responses=answers_with(EstimatesOut, *BODY), openapi_extra=takes(JobsIn))
async def estimate(request: Request, reader: Reader) -> Response:
    """Say what each of these jobs would cost."""
    asked = await read_jobs(request, reader.site.limits)
    check_prompts(asked, reader.site.limits)
    return answer(EstimatesOut(estimates=await reader.backend.estimate(asked)))


@router.post("/lookup", responses=answers_with(LookupOut, *BODY), openapi_extra=takes(LookupIn))
async def look_up(request: Request, reader: Reader) -> Response:
    """Say how many jobs stand; where they are long, of some of them, and the rest is to be asked for again."""
    body = await read_json(request, reader.site.limits)
    check_count("jobs", body.get("ids"), at_most=reader.site.limits.max_ids)
    ids = list(dict.fromkeys(parsed(LookupIn, body).ids))
    return await answer_look_up(reader.backend, ids, enough_bytes=reader.site.limits.max_body_bytes)


@router.get("", responses=answers_with(JobPage))
async def list_jobs(reader: Reader, query: Annotated[JobsAsked, Query()]) -> Response:
    """List jobs, newest first; fewer than `limit` where they are long."""
    return await answer_page(reader.backend, query, enough_bytes=reader.site.limits.max_body_bytes)


@router.get("/{job_id}", responses=answers_with(Job, 404))
async def get_job(job_id: UUID, reader: Reader) -> Response:
    """Say how a job stands."""
    return answer(await reader.backend.get(job_id))


@router.delete("/{job_id}", responses=answers_with(Job, 404))
async def cancel_job(job_id: UUID, writer: Writer) -> Response:
    """Ask a job to stop; a finished one stays as it is."""
    return answer(await writer.backend.cancel(job_id))


@router.get("/{job_id}/images", responses=answers_with(ImagesOut))
async def list_images(job_id: UUID, reader: Reader) -> Response:
    """List the pictures that a job made."""
    return answer(ImagesOut(images=list(await reader.backend.images(job_id))))
