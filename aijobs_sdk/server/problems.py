"""What went wrong, as a problem document, whatever it was; the form is `contract/problem.py`'s."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import AIJobsError, InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.problem import MEDIA_TYPE, problem_of
from aijobs_sdk.contract.shapes import expected_by, nearest, shape_of

_MOST_FIELDS = 20
"""So many problems help; more of them are the work of somebody who wants us to work."""
_MOST_OF_A_NAME = 100


class Problem(Fact):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """What programs branch on."""
    fields: tuple[FieldProblem, ...] = ()
    retry_after_seconds: float | None = None
    limit: int | None = None
    job_id: UUID | None = None
    suggestion_id: UUID | None = None
    job_type: str | None = None
    key: str | None = None
    name: str | None = None
    held_by: str | None = None
    scope: str | None = None
    request_id: str | None = None


class Refusal(HTTPException):
    """A refusal that only HTTP knows, with a code of its own."""

    def __init__(self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.code = code


async def answer_error(_: Request, error: Exception) -> Response:
    """Answer with an outcome of this SDK."""
    assert isinstance(error, AIJobsError)  # noqa: S101 - it is registered for these
    return error_response(error)


async def answer_invalid_parameters(_: Request, error: Exception) -> Response:
    """Answer a request whose address or headers cannot be used."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for these
    return error_response(invalid(field_problems(error.errors(), below=1)))


async def answer_refusal(_: Request, error: Exception) -> Response:
    """Answer with what only HTTP knows: no such route, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    code = error.code if isinstance(error, Refusal) else _CODES.get(error.status_code, "invalid_request")
    return problem_response(_problem(error.status_code, code, error.detail), headers=error.headers)


_CODES = {404: "not_found", 405: "method_not_allowed"}


def error_response(error: AIJobsError) -> Response:
    """Return the answer that says this."""
    return problem_response(problem_of(error))


def internal_error_response(request_id: str) -> Response:
    """Return the answer for a mistake of ours: it shows nothing but where to look for it."""
    detail = f"The server made a mistake. Its log says which, beside the request id {request_id}."
    return problem_response(_problem(500, "internal_error", detail) | {"request_id": request_id})


def problem_response(problem: Mapping[str, JsonValue], *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem document, with the headers that say the same to those who read no document."""
    said = dict(headers or {})
    if problem["status"] == 401:  # noqa: PLR2004 - the status that asks for a key
        said["WWW-Authenticate"] = "Bearer"
    match problem.get("retry_after_seconds"):
        case int() | float() as seconds:
            said["Retry-After"] = str(max(1, math.ceil(seconds)))
    status = problem["status"]
    assert isinstance(status, int)  # noqa: S101 - ours all have one
    return Response(to_json(problem), status_code=status, headers=said, media_type=MEDIA_TYPE)


def _problem(status: int, code: str, detail: str) -> dict[str, JsonValue]:
    title = code.replace("_", " ").capitalize()
    return {"type": f"urn:aijobs:error:{code}", "title": title, "status": status, "detail": detail, "code": code}


def invalid(fields: Sequence[FieldProblem]) -> InvalidRequestError:
    """Return the refusal of a request with these problems."""
    named = [f"`{one.field}` {one.problem}" for one in fields]
    listed = named[0] if len(named) == 1 else "".join(f"\n  {line}" for line in named)
    return InvalidRequestError(f"Cannot use this request: {listed}", fields=fields)


def invalid_field(field: str, problem: str) -> InvalidRequestError:
    """Return the refusal of a request with one problem."""
    return invalid([FieldProblem(field=field, problem=problem)])


def invalid_body(error: ValidationError, *, known: Iterable[str]) -> InvalidRequestError:
    """Return the refusal of a body that does not fit its model, whose fields have these names."""
    return invalid(field_problems(error.errors(include_url=False, include_context=False), known=known))


def field_problems(
    found: Sequence[Any], *, known: Iterable[str] | None = None, below: int = 0
) -> tuple[FieldProblem, ...]:
    """Return what pydantic found; names stand `below` so many parts of a place, and values are not shown."""
    return tuple(
        FieldProblem(field=_path(one["loc"][below:]), problem=_problem_with(one, known)) for one in found[:_MOST_FIELDS]
    )


def _path(parts: Sequence[int | str]) -> str:
    """Return `jobs[3].payload`, for its parts."""
    named = [f"[{part}]" if isinstance(part, int) else f".{part[:_MOST_OF_A_NAME]}" for part in parts]
    return "".join(named).removeprefix(".") or "body"


def _problem_with(found: Mapping[str, Any], known: Iterable[str] | None) -> str:
    if found["type"] == "extra_forbidden":
        return f"is not known here.{nearest(str(found['loc'][-1])[:_MOST_OF_A_NAME], known) if known else ''}"
    if found["type"] == "missing":
        return "is required"
    return f"{expected_by(found['type'], found['msg'])}, got {shape_of(found['input'])}"
