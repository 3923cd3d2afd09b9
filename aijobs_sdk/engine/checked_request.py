"""What a request asks for: each of its fields is checked, and its payload by its job type."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Caller, JobRequest, Priority
from aijobs_sdk.contract.payload_json import payload_json, what_is_no_json
from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.contract.shapes import problems_of, shape_of
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.payload import Sanitised, drop_secrets

log = logging.getLogger("aijobs.dispatch")

MAX_IDEMPOTENCY_KEY = 255
MOST_ATTEMPTS = 1_000_000


class CheckedRequest(NamedTuple):
    """What a request asks for."""

    asked: BaseModel
    """The payload as it came."""
    prepared: BaseModel
    """The payload as its job type completes it."""
    idempotency_key: str | None
    user_id: UUID
    priority: Priority
    max_attempts: int
    run_at: datetime | None


def checked_request(
    request: JobRequest, caller: Caller, types: JobTypes, *, is_to_be_stored: bool = True
) -> CheckedRequest:
    """Return what a request asks for; one that is not to be stored is only looked at, which may be cheaper.

    Raises:
        InvalidRequestError: every problem of the payload, or the first of the other fields.
    """
    job_type = types[request.type]
    asked = checked_payload(request, job_type)
    return CheckedRequest(
        asked,
        prepared_payload(asked, job_type.prepare if is_to_be_stored else job_type.check or job_type.prepare),
        _idempotency_key(request),
        _user_id(request, caller),
        _priority(request, job_type),
        _max_attempts(request, job_type),
        _run_at(request),
    )


def checked_payload(request: JobRequest, job_type: JobType[BaseModel]) -> BaseModel:
    """Return the payload as its job type reads it, without secrets that it did not ask for.

    Raises:
        InvalidRequestError: every problem of it, field by field.
    """
    clean = _without_secrets(request.payload, job_type)
    try:
        payload = job_type.payload_model.model_validate(clean.payload, by_name=True, by_alias=True)
    except ValidationError as error:
        # What comes as JSON is its texts alone: over HTTP, by a replay, by a schedule. What is none is read as if it
        # had come so, a UUID for a text too, and a strict model gets the datetime that it wants.
        if (read := _read_as_json(request.payload, job_type)) is None:
            problems = problems_of(error, at="payload", known=job_type.payload_model.model_fields)
            raise invalid(*problems, code="invalid_payload") from None
        clean, payload = read
    for path in clean.dropped:
        log.warning("dropped %s from a %s payload: its name looks like a secret", path, request.type)
    return payload


def _read_as_json(payload: Mapping[str, object], job_type: JobType[BaseModel]) -> tuple[Sanitised, BaseModel] | None:
    """Return the payload as its model reads JSON, which is as strict; None where it is no JSON, or not of the model."""
    try:
        clean = _without_secrets(from_json(payload_json(payload)), job_type)
        text = to_json(clean.payload)
        return clean, job_type.payload_model.model_validate_json(text, by_name=True, by_alias=True)
    except ValueError:  # pydantic's are such
        return None


def _without_secrets(payload: Mapping[str, object], job_type: JobType[BaseModel]) -> Sanitised:
    try:
        return drop_secrets(payload, job_type.payload_model)
    except RecursionError:
        raise no_json(payload) from None


def prepared_payload(payload: BaseModel, prepare: Callable[[BaseModel], BaseModel]) -> BaseModel:
    """Return a payload that its job type has completed.

    Raises:
        InvalidRequestError: it cannot be done, such as by a model that is not known.
    """
    try:
        return prepare(payload)
    except InvalidRequestError as error:
        raise error.within("payload.") from None


def _user_id(request: JobRequest, caller: Caller) -> UUID:
    if request.user_id is None:
        return caller.user_id
    if isinstance(request.user_id, UUID):
        return request.user_id
    try:
        return UUID(request.user_id)
    except ValueError:
        raise invalid(problem_at("user_id", f"must be a UUID, got {shape_of(request.user_id)}")) from None


def _priority(request: JobRequest, job_type: JobType[BaseModel]) -> Priority:
    if request.priority is None:
        return job_type.priority
    try:
        return Priority(request.priority)
    except ValueError:
        choices = ", ".join(Priority)
        raise invalid(problem_at("priority", f"must be one of {choices}, got {shape_of(request.priority)}")) from None


def _max_attempts(request: JobRequest, job_type: JobType[BaseModel]) -> int:
    if request.max_attempts is None:
        return job_type.max_attempts
    if not 1 <= request.max_attempts <= MOST_ATTEMPTS:
        raise invalid(problem_at("max_attempts", f"must be 1 to {MOST_ATTEMPTS:,}"))
    return request.max_attempts


def _idempotency_key(request: JobRequest) -> str | None:
    key = request.idempotency_key
    if key is None:
        return None
    if "\x00" in key or not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
        problem = f"must have 1 to {MAX_IDEMPOTENCY_KEY} characters, none of them NUL, got {shape_of(key)}"
        raise invalid(problem_at("idempotency_key", problem))
    if not is_whole(key):  # which no database takes
        raise invalid(what_is_no_json(key, "idempotency_key"))
    return key


def _run_at(request: JobRequest) -> datetime | None:
    try:
        return None if request.run_at is None else request.run_at.astimezone(UTC)
    except OverflowError:
        raise invalid(problem_at("run_at", "must be within the calendar, also in UTC")) from None


def no_json(payload: Mapping[str, object]) -> InvalidRequestError:
    """Return the refusal of a payload that no store takes."""
    return invalid(what_is_no_json({"payload": payload}, ""), code="invalid_payload")


def problem_at(field: str, problem: str) -> FieldProblem:
    """Return what is wrong with a field."""
    return FieldProblem(field=field, problem=problem)


def invalid(*problems: FieldProblem, code: str = "invalid_request") -> InvalidRequestError:
    """Return the refusal of a request for these problems."""
    found = [f"`{one.field}` {one.problem}" for one in problems]
    listed = found[0] if len(found) == 1 else "".join(f"\n  {line}" for line in found)
    return InvalidRequestError(f"Cannot submit this job: {listed}", code=code, fields=problems)
