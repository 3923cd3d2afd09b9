"""What happens to jobs, as it happens: one job a stream, or many."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.batches import LONGEST_NAME
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.server.answers import BODY, refuses_with, takes
from aijobs_sdk.server.auth import Reader
from aijobs_sdk.server.body import check_count, parsed, read_json
from aijobs_sdk.server.event_stream import Bring, EventStream
from aijobs_sdk.server.following import NoPlaces, Places, SeqPlaces, StandingPlaces, follow_job, follow_jobs
from aijobs_sdk.server.following_batch import follow_batch, resume_batch
from aijobs_sdk.server.forms import FollowIn, Seq
from aijobs_sdk.server.limits import MAX_SEQ
from aijobs_sdk.server.problems import invalid_field
from aijobs_sdk.server.site import Visitor
from aijobs_sdk.server.sse import MEDIA_TYPE
from aijobs_sdk.server.standing import Standing

router = APIRouter(prefix="/api", tags=["events"])

LAST_EVENT_ID = "Last-Event-ID"
_LastEventId = Annotated[
    str | None, Header(alias=LAST_EVENT_ID, description="The id of the last event that came; the stream goes on there.")
]
_SEQ = re.compile(r"[0-9]{1,10}")
_FRAME = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/StreamedData"},
        },
    },
}
_FRAMES = {"description": "Server-sent events.", "content": {MEDIA_TYPE: {"itemSchema": _FRAME}}}


@router.get(
    "/jobs/{job_id}/events",
    status_code=200,
    response_class=EventStream,
    responses={200: _FRAMES, **refuses_with(404)},
    tags=["jobs"],
)
async def follow_one(
    job_id: UUID,
    reader: Reader,
    after: Annotated[Seq, Query(description="The number of the last event that came.")] = 0,
    follow: Annotated[bool, Query(description="Whether to wait for what is still to happen.")] = True,  # noqa: FBT002 - a name of the address
    last_event_id: _LastEventId = None,
) -> Response:
    """Stream one job's events: those past first, then each as it happens, up to the last one."""
    if last_event_id:  # a reader that has none yet may say so by an empty one
        after = _read_seq(last_event_id)
    await reader.backend.get(job_id)  # while there is still a status by which to say that there is none
    return _stream(reader, partial(follow_job, reader.backend, job_id, places=SeqPlaces(), after=after, follow=follow))


@router.get("/events", status_code=200, response_class=EventStream, responses={200: _FRAMES, **refuses_with(404, 413)})
async def follow_some(
    reader: Reader,
    ids: Annotated[str | None, Query(description="`<id>` or `<id>:<after>`, separated by commas.")] = None,
    batch: Annotated[
        str | None, Query(max_length=LONGEST_NAME, description="The name of a batch, instead of ids.")
    ] = None,
    last_event_id: _LastEventId = None,
) -> Response:
    """Stream the events of some jobs, until all of them are over; or of a batch, with those that it gets meanwhile."""
    match ids, batch:
        case str(), None:
            return _stream_some(reader, ids.split(","), last_event_id)
        case None, str():
            return await _stream_batch(reader, batch, last_event_id)
        case _:
            raise invalid_field("ids", "or `batch` is required, and not both")


def _stream_some(reader: Visitor, named: Sequence[str], last_event_id: str | None) -> EventStream:
    check_count("jobs", named, at_most=reader.site.limits.max_ids_in_address)
    standing = Standing(dict(_read_place(one) for one in named))
    if last_event_id:
        _resume(standing, last_event_id)
    return _stream_many(reader, standing.jobs(), StandingPlaces(standing))


async def _stream_batch(reader: Visitor, name: str, last_event_id: str | None) -> EventStream:
    batch = await reader.backend.batch(name)  # while there is still a status by which to say that there is none
    try:
        places = await resume_batch(reader.backend, batch.id, last_event_id)
    except ValueError:
        raise _not_of_this_address() from None
    return _stream(reader, partial(follow_batch, reader.backend, batch, places=places))


@router.post(
    "/events",
    status_code=200,
    response_class=EventStream,
    responses={200: _FRAMES, **refuses_with(*BODY)},
    openapi_extra=takes(FollowIn),
)
async def follow_many(request: Request, reader: Reader) -> Response:
    """Stream the events of many jobs, each after a number, until all of them are over."""
    body = await read_json(request, reader.site.limits)
    check_count("jobs", body.get("jobs"), at_most=reader.site.limits.max_jobs)
    return _stream_many(reader, parsed(FollowIn, body).jobs, NoPlaces())


def _stream_many(reader: Visitor, jobs: Mapping[UUID, int], places: Places) -> EventStream:
    return _stream(reader, partial(follow_jobs, reader.backend, jobs, places=places))


def _stream(reader: Visitor, bring: Bring) -> EventStream:
    return EventStream(bring, streams=reader.site.streams, tenant_id=reader.caller.tenant_id, may_stay=reader.may_stay)


def _read_seq(text: str) -> int:
    if not _SEQ.fullmatch(text) or int(text) > MAX_SEQ:
        raise invalid_field(LAST_EVENT_ID, "must be the id of an event of this stream")
    return int(text)


def _read_place(text: str) -> tuple[UUID, int]:
    job_id, colon, after = text.partition(":")
    try:
        return UUID(job_id), _read_seq(after) if colon else 0
    except ValueError:
        raise invalid_field("ids", "must be UUIDs, each alone or with `:` and a number, separated by commas") from None


def _resume(standing: Standing, text: str) -> None:
    try:
        standing.resume(text)
    except ValueError:
        raise _not_of_this_address() from None


def _not_of_this_address() -> InvalidRequestError:
    return invalid_field(LAST_EVENT_ID, "must be the id of an event of a stream with this address")
