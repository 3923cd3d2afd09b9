"""What failed jobs left behind: looked at, run again, deleted by age."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic_core import to_json
from starlette.responses import Response

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery
from aijobs_sdk.server.answers import answer, answers_with
from aijobs_sdk.server.auth import Operator, Reader, Writer
from aijobs_sdk.server.forms import DeadLettersOut, LettersAsked, PurgedOut
from aijobs_sdk.server.submissions import IdempotencyKey, check_key
from aijobs_sdk.server.written import Written

router = APIRouter(prefix="/api/dead-letters", tags=["dead letters"])

_LONGEST_SECONDS = 86_400 * 1e9
"""A time span holds a moment less; as a number of seconds that moment is lost."""


@router.get("", responses=answers_with(DeadLettersOut))
async def list_dead_letters(reader: Reader, query: Annotated[LettersAsked, Query()]) -> Response:
    """List what failed jobs left behind, newest first; fewer than `limit` where letters are long."""
    return await _answer_letters(reader.backend, query, enough_bytes=reader.site.limits.max_body_bytes)


async def _answer_letters(backend: Backend, query: DeadLetterQuery, *, enough_bytes: int) -> Response:
    written = Written(enough_bytes=enough_bytes, limit=query.limit)
    next_offset: int | None = query.offset
    while next_offset is not None and not written.is_enough:
        asked = written.room()
        letters = await backend.dead_letters(query.replace(limit=asked, offset=next_offset))
        added = written.add(letters)
        there_are_more = added < len(letters) or len(letters) == asked
        next_offset = next_offset + added if there_are_more else None
    body = b'{"dead_letters":%s,"next_offset":%s}' % (written.json(), to_json(next_offset))
    return Response(body, media_type="application/json")


@router.get("/{job_id}", responses=answers_with(DeadLetter, 404))
async def get_dead_letter(job_id: UUID, reader: Reader) -> Response:
    """Show what one failed job left behind."""
    return answer(await reader.backend.dead_letter(job_id))


@router.post("/{job_id}/replay", status_code=201, responses=answers_with(Job, 404, 409, status=201))
async def replay(job_id: UUID, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Submit a failed job once more, as a new one."""
    check_key(key)
    return answer(await writer.backend.replay(job_id, idempotency_key=key), 201)


@router.delete("", responses=answers_with(PurgedOut))
async def purge_dead_letters(
    operator: Operator,
    older_than_seconds: Annotated[float, Query(gt=-1e9, le=_LONGEST_SECONDS, allow_inf_nan=False)],
) -> Response:
    """Delete the letters of jobs that failed longer ago than this."""
    age = timedelta.max if older_than_seconds == _LONGEST_SECONDS else timedelta(seconds=older_than_seconds)
    return answer(PurgedOut(purged=await operator.backend.purge_dead_letters(older_than=age)))
