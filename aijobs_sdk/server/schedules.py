"""Jobs that come again and again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.schedule import LONGEST_NAME, Schedule, ScheduleName, ScheduleRequest
from aijobs_sdk.server.answers import BODY, answer, answers_with, refuses_with, takes
from aijobs_sdk.server.auth import Reader, Writer
from aijobs_sdk.server.body import parsed, read_json
from aijobs_sdk.server.forms import ScheduleIn, SchedulesOut

router = APIRouter(prefix="/api/schedules", tags=["schedules"])


class _AnyText(PathConvertor):
    """Matches what `path` does, and ends of lines: a name may be any text."""

    regex = "(?s:.*)"


register_url_convertor("any_text", _AnyText())

Name = Annotated[str, Path(min_length=1, max_length=LONGEST_NAME)]
"""Of a schedule that there may be: it is not for its deletion to say how one may be called."""


@router.put("/{name:any_text}", responses=answers_with(Schedule, *BODY), openapi_extra=takes(ScheduleIn))
async def put_schedule(name: Annotated[ScheduleName, Path()], request: Request, writer: Writer) -> Response:
    """Submit a job again and again from now on, in place of what the schedule of this name asked for."""
    asked = parsed(ScheduleIn, await read_json(request, writer.site.limits))
    schedule = ScheduleRequest(name=name, cron=asked.cron, timezone=asked.timezone, job=asked.job.request())
    return answer(await writer.backend.schedule(schedule))


@router.get("", responses=answers_with(SchedulesOut))
async def list_schedules(reader: Reader) -> Response:
    """List schedules, by name."""
    return answer(SchedulesOut(schedules=list(await reader.backend.schedules())))


@router.delete("/{name:any_text}", status_code=204, responses=refuses_with(404))
async def delete_schedule(name: Name, writer: Writer) -> Response:
    """Submit no more of a schedule; jobs that were submitted go on."""
    await writer.backend.unschedule(name)
    return Response(status_code=204)
