"""Reads what a server of this version or a newer one says, as the contract's own facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from aijobs_sdk.contract.errors import AIJobsError, InvalidRequestError, JobNotFoundError
from aijobs_sdk.contract.events import JobEvent, parse_event
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.problem import error_of

F = TypeVar("F", bound=Fact)
Object = dict[str, JsonValue]

_STANDS_IN: Mapping[str, tuple[str, ...]] = {
    "status": ("processing",),
    "priority": ("normal",),
    "category": ("internal",),
    "state": ("half_open", "running"),  # of a breaker, and of a batch
    "wish": ("pause",),
}
"""What a word reads as that this version does not know, by the field it stands in: the first that may stand there."""

_UNKNOWN_END: Mapping[str, JsonValue] = {
    "code": "unknown_status",
    "category": "internal",
    "message": "The job ended in a way that this version of aijobs-sdk does not know: install a newer one.",
}


def read_object(body: bytes | str) -> Object:
    """Return the JSON object that this is the text of.

    Raises:
        ValueError: it is none.
    """
    value: JsonValue = from_json(body)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - of what came, as every unreadable answer is told
    return value


def listed_in(answer: Object, name: str) -> list[JsonValue]:
    """Return the list of this name in an answer.

    Raises:
        ValueError: there is none.
    """
    values = answer.get(name)
    if not isinstance(values, list):
        raise ValueError(f"no list {name!r}")  # noqa: TRY004 - as above
    return values


def read_fact(kind: type[F], data: JsonValue) -> F:
    """Return a fact of this kind; fields that only a newer server knows are left out.

    A status that this version does not know reads as PROCESSING, or as FAILED with the code `unknown_status` where the
    job has a `completed_at`: nobody waits for ever for a job that is over.

    Raises:
        ValueError: it cannot be read; nothing of it is in the message.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        known = _known_part(data, error, tag=0)
    return kind.model_validate(known)


def read_facts(kind: type[F], data: Sequence[JsonValue]) -> list[F]:
    """Return facts of this kind, as `read_fact()` does."""
    return [read_fact(kind, one) for one in data]


def as_fact(kind: type[F]) -> Callable[[bytes], F]:
    """Return what reads an answer that is one fact of this kind; it raises ValueError, as `read_fact()` does."""
    return lambda body: read_fact(kind, read_object(body))


def as_list(kind: type[F], name: str) -> Callable[[bytes], list[F]]:
    """Return what reads an answer that lists facts of this kind under a name; it raises ValueError as well."""
    return lambda body: read_facts(kind, listed_in(read_object(body), name))


def as_part(kind: type[F], name: str, *, go_on: str) -> Callable[[bytes], tuple[list[F], int | None]]:
    """Return what reads a list that may end early, and where to go on, None after its end; it raises ValueError."""

    def read(body: bytes) -> tuple[list[F], int | None]:
        answer = read_object(body)
        goes_on_at = answer.get(go_on)
        return read_facts(kind, listed_in(answer, name)), goes_on_at if isinstance(goes_on_at, int) else None

    return read


def as_lines(kind: type[F]) -> Callable[[bytes], list[F]]:
    """Return what reads an answer with one fact of this kind a line; it raises ValueError as well."""
    return lambda body: read_facts(kind, read_lines(body))


def read_event(data: Object) -> JobEvent:
    """Return an event; one that only a newer version can read becomes an UnknownEvent.

    Raises:
        ValueError: it has no kind, job, number or time.
    """
    try:
        return parse_event(data)
    except KeyError as missing:
        raise ValueError(f"an event without {missing}") from None
    except ValidationError as error:
        known = cast("Object", _known_part(data, error, tag=1))
    try:
        return parse_event(known)
    except ValidationError:
        return parse_event({**known, "kind": f"unreadable_{known.get('kind')}"})


def _known_part(data: JsonValue, error: ValidationError, *, tag: int) -> JsonValue:
    """Return the data without what is new in it; pydantic's paths begin with a `tag` in a union of kinds."""
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        *path, name = found["loc"][tag:] or ("",)
        within = _at(data, path)
        match found["type"], within:
            case (("extra_forbidden" | "unexpected_keyword_argument"), dict()):
                within.pop(str(name), None)
            case "enum", dict() if name in _STANDS_IN:
                _replace_unknown(within, str(name), known=found["msg"])
            case _:
                continue  # what is wrong with it will be found again
    return data


def _at(data: JsonValue, path: Sequence[int | str]) -> object:
    within: object = data
    for step in path:
        match within, step:
            case dict(), str():
                within = within.get(step)
            case list(), int() if step < len(within):
                within = within[step]
            case _:
                return None
    return within


def _replace_unknown(within: Object, name: str, *, known: str) -> None:
    within[name] = next(word for word in _STANDS_IN[name] if f"'{word}'" in known)
    if name == "status" and within.get("completed_at") is not None:
        within["status"] = "failed"
        within["error"] = within.get("error") or dict(_UNKNOWN_END)


def read_lines(body: bytes) -> list[JsonValue]:
    """Return the objects of JSON lines.

    Raises:
        ValueError: a line is none.
    """
    return [read_object(line) for line in body.split(b"\n") if line.strip()]


def read_now(body: bytes) -> datetime:
    """Return what time it is where this comes from.

    Raises:
        ValueError: it does not say, or not in which zone.
    """
    now = datetime.fromisoformat(str(read_object(body).get("now")))
    if now.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return now


def why_missing(job_id: UUID, problem: JsonValue = None) -> AIJobsError:
    """Return why a job cannot be had: what its problem document says, else that there is no such job."""
    return error_of(500, problem) if isinstance(problem, dict) else JobNotFoundError(job_id)


def read_refusals(body: bytes) -> Mapping[int, InvalidRequestError]:
    """Return refusals by their places.

    Raises:
        ValueError: these are none.
    """
    refusals = read_object(body).get("refusals")
    if not isinstance(refusals, dict):
        raise ValueError("no refusals")  # noqa: TRY004 - as above
    return {int(place): _refusal(problem) for place, problem in refusals.items()}


def _refusal(problem: JsonValue) -> InvalidRequestError:
    error = error_of(422, problem) if isinstance(problem, dict) else None
    if not isinstance(error, InvalidRequestError):
        raise ValueError("no refusal")  # noqa: TRY004 - as above
    return error
