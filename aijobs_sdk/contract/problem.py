"""Errors as they travel: RFC 9457 problem documents, written by a server and read back by whoever asked it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import (
    HTTP_STATUS,
    AdmissionError,
    AIJobsError,
    AuthenticationError,
    InvalidRequestError,
    RequestTooLargeError,
    ServerUnavailableError,
    StoreUnavailableError,
)

MEDIA_TYPE = "application/problem+json"
DEFAULT_RETRY_AFTER_SECONDS = 1.0
_TYPE = "urn:aijobs:error:"
_TRAVELS: Mapping[str, TypeAdapter[object]] = {
    "fields": TypeAdapter(tuple[FieldProblem, ...]),
    "retry_after_seconds": TypeAdapter(Annotated[float, Field(ge=0, allow_inf_nan=False)]),
    "limit": TypeAdapter(int),
    "job_id": TypeAdapter(UUID),
    "suggestion_id": TypeAdapter(UUID),
    "job_type": TypeAdapter(str),
    "key": TypeAdapter(str),
    "name": TypeAdapter(str),
    "held_by": TypeAdapter(str),
    "scope": TypeAdapter(str),
}
"""What an error may say beside its message, in members of these names."""

_BY_STATUS: Mapping[int, type[AIJobsError]] = {
    401: AuthenticationError,
    413: RequestTooLargeError,
    422: InvalidRequestError,
    429: AdmissionError,
    503: StoreUnavailableError,
}
"""What a status means whatever the code beside it is; of others, such as 404, the code alone says what it is about."""
_UNSAID: Mapping[type[AIJobsError], Mapping[str, object]] = {
    InvalidRequestError: {"fields": ()},
    AdmissionError: {"retry_after_seconds": DEFAULT_RETRY_AFTER_SECONDS},
}
"""What an error always says, where its document does not."""


def status_of(error: AIJobsError) -> int:
    """Return the HTTP status by which a server answers with this error; 500 for one that is nobody's outcome."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)


def problem_of(error: AIJobsError) -> dict[str, JsonValue]:
    """Return the problem document of an error: `type`, `title`, `status`, `detail`, `code`, and what else it says."""
    said = {name: value for name in _TRAVELS if (value := getattr(error, name, None)) not in (None, ())}
    return {
        "type": f"{_TYPE}{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status_of(error),
        "detail": error.message,
        "code": error.code,
        **{name: _TRAVELS[name].dump_python(value, mode="json") for name, value in said.items()},
    }


def error_of(status: int, problem: Mapping[str, JsonValue]) -> AIJobsError:
    """Return the error that a server answered with, of its own class and with all it says.

    A code that this version does not know is read by its status; what is no problem document is a
    ServerUnavailableError.
    """
    code, detail = problem.get("code"), problem.get("detail")
    if not isinstance(code, str) or not isinstance(detail, str):
        return ServerUnavailableError(f"The server answered {status}, and not in the words of this API.")
    kind = _kind_of(status, code)
    error = kind.__new__(kind, detail)
    AIJobsError.__init__(error, detail, code=None if code == kind.code else code)
    for base, unsaid in _UNSAID.items():
        if issubclass(kind, base):
            error.__dict__.update(unsaid)
    error.__dict__.update(_read(problem))
    return error


def _kind_of(status: int, code: str) -> type[AIJobsError]:
    return next((kind for kind in HTTP_STATUS if kind.code == code), _BY_STATUS.get(status, AIJobsError))


def _read(problem: Mapping[str, JsonValue]) -> dict[str, object]:
    read: dict[str, object] = {}
    for name in _TRAVELS.keys() & problem.keys():
        try:
            read[name] = _TRAVELS[name].validate_python(problem[name])
        except ValidationError:
            continue  # of another version: the message says it, too
    return read
