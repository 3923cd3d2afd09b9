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
    for path in clean.dropped:
        log.warning("dropped %s from a %s payload: its name looks like a secret", path, request.type)
    try:
        return _validated(clean.payload, job_type.payload_model)
    except ValidationError as error:
        problems = problems_of(error, at="payload", known=job_type.payload_model.model_fields)
        raise invalid(*problems, code="invalid_payload") from None


def _validated(payload: Mapping[str, object], model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate(payload, by_name=True, by_alias=True)
    except ValidationError:
        # A strict model wants a datetime, and of what comes as JSON only its text: over HTTP, by a replay, a schedule.
        if (read := _read_as_json(payload, model)) is None:
            raise
        return read


def _read_as_json(payload: Mapping[str, object], model: type[BaseModel]) -> BaseModel | None:
    """Return the payload as its model reads JSON, which is as strict; None where it is no JSON, or not of the model."""
    try:
        text = to_json(payload)
        return model.model_validate_json(text, by_name=True, by_alias=True) if from_json(text) == payload else None
    except ValueError:  # pydantic's are such
        return None


def _without_secrets(payload: Mapping[str, object], job_type: JobType[BaseModel]) -> Sanitised:
    try:
        return drop_secrets(payload, job_type.payload_model)
    except RecursionError:
        raise invalid(problem_at("payload", "holds itself, or is nested too deep"), code="invalid_payload") from None


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
    try:
        key.encode()
    except UnicodeEncodeError:  # half a character, which no database takes
        raise unwritable("idempotency_key") from None
    return key


def _run_at(request: JobRequest) -> datetime | None:
    try:
        return None if request.run_at is None else request.run_at.astimezone(UTC)
    except OverflowError:
        raise invalid(problem_at("run_at", "must be within the calendar, also in UTC")) from None


def unwritable(field: str) -> InvalidRequestError:
    """Return the refusal of a field that no store takes."""
    return invalid(problem_at(field, "holds something that cannot be written as JSON, or is nested too deep"))


def problem_at(field: str, problem: str) -> FieldProblem:
    """Return what is wrong with a field."""
    return FieldProblem(field=field, problem=problem)


def invalid(*problems: FieldProblem, code: str = "invalid_request") -> InvalidRequestError:
    """Return the refusal of a request for these problems."""
    found = [f"`{one.field}` {one.problem}" for one in problems]
    listed = found[0] if len(found) == 1 else "".join(f"\n  {line}" for line in found)
    return InvalidRequestError(f"Cannot submit this job: {listed}", code=code, fields=problems)
