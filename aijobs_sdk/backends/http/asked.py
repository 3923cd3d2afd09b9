"""Requests for jobs as they are sent: each one's JSON, with whom it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.contract.payload_json import MOST_LEVELS, held_by, is_read_again, payload_json, what_is_no_json
from aijobs_sdk.contract.refusal import cannot_submit

_TOO_MANY_DIGITS = re.compile(rb"\d{4301}")
"""Of a whole number, which no reader of JSON takes."""


def json_of(request: JobRequest, user_id: UUID | None, *, place: str = "") -> bytes:
    """Return the JSON of a request; `user_id` is for whom it is where it names nobody.

    Raises:
        InvalidRequestError: a field of it holds something that is no JSON, such as NaN.
    """
    said = {name: value for name, value in request.__dict__.items() if value is not None}
    if user_id is not None:
        said.setdefault("user_id", user_id)
    try:
        written = payload_json(said)
    except ValueError:
        raise _no_json(said, place) from None
    if _may_not_be_read(written) and not is_read_again(said, levels=MOST_LEVELS + 1):
        raise _no_json(said, place)
    if (b"NaN" in written or b"Infinity" in written) and not _is_finite(said):  # as words they may stand in any text
        raise _not_finite(f"{place}{_first_not_finite(said).removeprefix('.')}")
    return written


def _no_json(said: Mapping[str, object], place: str) -> InvalidRequestError:
    problem = what_is_no_json(said, place.removesuffix("."))
    return cannot_submit(problem.field, problem.problem)


def _may_not_be_read(written: bytes) -> bool:
    """Return whether there may be too many levels, or digits: these, as words, may stand in any text."""
    brackets = written.count(b"[") + written.count(b"{")
    return brackets > MOST_LEVELS or _TOO_MANY_DIGITS.search(written) is not None


def _is_finite(value: object) -> bool:
    return payload_json(value) == payload_json(value, not_finite="null")


def _not_finite(field: str) -> InvalidRequestError:
    """Return the refusal of a number that JSON has no word for: a server could only say that it read no JSON."""
    return cannot_submit(field, "must be a finite number")


def _first_not_finite(value: object) -> str:
    """Return where in a value the first such number is, as `.payload.stop[1]`."""
    for name, held in held_by(value):
        if not _is_finite(held):
            return f"{name}{_first_not_finite(held)}"
    return ""


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
