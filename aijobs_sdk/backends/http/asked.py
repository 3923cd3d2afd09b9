"""Requests for jobs as they are sent: each one's JSON, with whom it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from uuid import UUID, uuid4

from pydantic_core import PydanticSerializationError, to_json

from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobRequest


def json_of(request: JobRequest, user_id: UUID | None, *, place: str = "") -> bytes:
    """Return the JSON of a request; `user_id` is for whom it is where it names nobody.

    Raises:
        InvalidRequestError: a field of it holds something that is no JSON, such as NaN.
    """
    said = {name: value for name, value in request.__dict__.items() if value is not None}
    if user_id is not None:
        said.setdefault("user_id", user_id)
    try:
        written = _json(said)
    except PydanticSerializationError:
        field = f"{place}{next(name for name, value in said.items() if not _has_json(value))}"
        problem = FieldProblem(field=field, problem="holds something that cannot be written as JSON")
        raise InvalidRequestError(f"Cannot submit this job: `{field}` {problem.problem}.", fields=[problem]) from None
    if (b"NaN" in written or b"Infinity" in written) and not _is_finite(said):  # as words they may stand in any text
        raise _not_finite(f"{place}{_first_not_finite(said).removeprefix('.')}")
    return written


def _json(value: object, *, not_finite: Literal["constants", "null"] = "constants") -> bytes:
    return to_json(value, inf_nan_mode=not_finite, fallback=_number)


def _number(value: object) -> object:
    """Return what a scalar of numpy is, or of what is like it: where jobs run here, one counts as a number as well.

    Raises:
        TypeError: this is none.
    """
    if getattr(value, "shape", None) == () and (item := getattr(value, "item", None)) is not None:
        return item()
    raise TypeError(type(value))


def _is_finite(value: object) -> bool:
    return _json(value) == _json(value, not_finite="null")


def _not_finite(field: str) -> InvalidRequestError:
    """Return the refusal of a number that JSON has no word for: a server could only say that it read no JSON."""
    problem = FieldProblem(field=field, problem="must be a finite number")
    message = f"Cannot submit this job: `{field}` {problem.problem}."
    return InvalidRequestError(message, code="invalid_payload", fields=[problem])


def _first_not_finite(value: object) -> str:
    """Return where in a value the first such number is, as `.payload.stop[1]`."""
    for name, held in _held_by(value):
        if not _is_finite(held):
            return f"{name}{_first_not_finite(held)}"
    return ""


def _held_by(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case Mapping():
            yield from ((f".{name}", held) for name, held in value.items())
        case list() | tuple():
            yield from ((f"[{n}]", held) for n, held in enumerate(value))


def _has_json(value: object) -> bool:
    try:
        _json(value)
    except PydanticSerializationError:
        return False
    return True


def jsons_of(requests: Sequence[JobRequest], user_id: UUID | None) -> bytes:
    """Return the JSON of many requests: `{"jobs": […]}`.

    Raises:
        InvalidRequestError: as `json_of()`, with the place of the request in the field's name.
    """
    several = len(requests) > 1
    parts = [
        json_of(request, user_id, place=f"requests[{n}]." if several else "") for n, request in enumerate(requests)
    ]
    return b'{"jobs":[' + b",".join(parts) + b"]}"


def to_submit(body: bytes, *, model: object = None) -> Question:
    """Return the question that submits one job, or many; one key for all attempts, so that none comes twice."""
    return Question(
        method="POST",
        path="/api/jobs",
        body=body,
        idempotency_key=str(uuid4()),
        model=model if isinstance(model, str) else None,
    )
