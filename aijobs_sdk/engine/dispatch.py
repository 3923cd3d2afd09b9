"""From a request to a stored job: everything is checked before anything is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus, NewJob, Priority
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.shapes import problems_of, shape_of
from aijobs_sdk.contract.store import NO_LIMITS, Admission, Created, Store, Taker
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.kept_payload import NotKeptError
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.payload import Sanitised, drop_secrets
from aijobs_sdk.engine.turns import Turns

log = logging.getLogger("aijobs.dispatch")

MAX_IDEMPOTENCY_KEY = 255
MOST_ATTEMPTS = 1_000_000
_job = unchecked(Job)
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


async def checked_jobs(
    requests: Sequence[JobRequest], *, caller: Caller, types: JobTypes, clock: Clock, turns: Turns
) -> list[NewJob]:
    """Return the jobs that these requests ask for, with ids of their own; nothing is stored.

    Raises:
        InvalidRequestError: every problem of the first bad request, field by field.
    """
    new: list[NewJob] = []
    for n, request in enumerate(requests):
        await turns.leave_one()
        new.append(_new_job(request, caller=caller, types=types, clock=clock, place=_place(n, len(requests))))
    return new


async def store_jobs(
    new: Sequence[NewJob], *, store: Store, meter: Meter, admission: Admission = NO_LIMITS, taker: Taker | None = None
) -> Created:
    """Store all of these jobs or none; a taker has to begin with what it gets.

    Raises:
        IdempotencyConflictError: a key was used before for something else.
        AdmissionError: the tenant has too many jobs, or submits them too fast; it says when to try again.
    """
    created = await store.create(new, admission=admission, taker=taker)
    tell_of(new, created, meter)
    return created


def tell_of(new: Sequence[NewJob], created: Created, meter: Meter) -> None:
    """Count and log what became of new jobs."""
    meter.accepted(new, created.jobs)
    if log.isEnabledFor(logging.INFO):
        for job in created.jobs:
            log.info("dispatched job %s type=%s tenant=%s", job.id, job.type, job.tenant_id)


async def get_ready(requests: Sequence[JobRequest], types: JobTypes) -> None:
    """Load what checking these requests needs, such as a vocabulary to count tokens by."""
    by_type: dict[str, list[Mapping[str, object]]] = {}
    for request in requests:
        by_type.setdefault(request.type, []).append(request.payload)
    for name, payloads in by_type.items():
        if name in types and (load := types[name].get_ready) is not None:
            await load(payloads)


async def estimates_of(requests: Sequence[JobRequest], types: JobTypes, *, turns: Turns) -> list[Estimate]:
    """Return what each of these requests would cost; nothing is stored.

    Raises:
        InvalidRequestError: one cannot be used, field by field, or nothing is known of what such a job costs.
    """
    estimates: list[Estimate] = []
    for request in requests:
        await turns.leave_one()
        estimates.append(await _estimate_of(request, types))
    return estimates


async def _estimate_of(request: JobRequest, types: JobTypes) -> Estimate:
    job_type = types[request.type]
    if job_type.estimate is None:
        raise _invalid(_problem("type", f"is {request.type!r}, whose cost nobody knows before"), code="no_estimate")
    payload = _prepared(_checked_payload(request, job_type), job_type.prepare)
    return await job_type.estimate(payload)


def admission_of(limits: Limits, types: JobTypes) -> Admission:
    """Return how much a tenant may have and submit, by what the operator and the job types say."""
    rates = {one.name: one.rate for one in types.values() if one.rate is not None}
    if limits.max_active_jobs is None and not rates:
        return NO_LIMITS
    return Admission(limits.max_active_jobs, rates)


def find_refusals(
    requests: Sequence[JobRequest], *, caller: Caller, types: JobTypes
) -> Mapping[int, InvalidRequestError]:
    """Return which of these requests cannot be submitted, by place, and why."""
    refused: dict[int, InvalidRequestError] = {}
    for n, request in enumerate(requests):
        try:
            _checked(request, caller, types, is_to_be_stored=False)
        except InvalidRequestError as error:
            refused[n] = error
    return refused


def _place(n: int, of: int) -> str:
    """Return what stands before a field's name: which request it is of, where there are several."""
    return f"requests[{n}]." if of > 1 else ""


def _new_job(request: JobRequest, *, caller: Caller, types: JobTypes, clock: Clock, place: str) -> NewJob:
    try:
        return checked_job(request, caller=caller, types=types, clock=clock)
    except InvalidRequestError as error:
        raise _placed(error, place) from None


def _placed(error: InvalidRequestError, place: str) -> InvalidRequestError:
    """Return the refusal of one request among several, which says whose it is."""
    if not place:
        return error
    message = f"{place.removesuffix('.')}: {error.message}"
    return InvalidRequestError(message, code=error.code, fields=error.within(place).fields)


def checked_job(request: JobRequest, *, caller: Caller, types: JobTypes, clock: Clock) -> NewJob:
    """Return the job that a request asks for, with an id of its own; nothing is stored.

    Raises:
        InvalidRequestError: every problem of the request, field by field.
    """
    asked, prepared, key, user_id, priority, max_attempts = _checked(request, caller, types)
    keep = types[request.type].keep
    stored = _stored(asked, keep)
    _check_it_is_read_back(stored)
    fingerprint = None if key is None else _fingerprint(request.type, asked, stored)
    job = _job(
        id=new_id(),
        tenant_id=caller.tenant_id,
        user_id=user_id,
        type=request.type,
        status=JobStatus.PENDING,
        priority=priority,
        payload=stored if prepared is asked else _stored(prepared, keep),
        message="Accepted",
        max_attempts=max_attempts,
        idempotency_key=key,
        replay_of=request.replay_of,
        batch_id=request.batch_id,
        created_at=clock.now(),
    )
    return NewJob(
        job=job,
        fingerprint=fingerprint,
        run_at=_run_at(request),
        draw_key=request.draw_key or fingerprint or _fingerprint(request.type, asked, stored),
    )


class _Checked(NamedTuple):
    """What a request asks for."""

    asked: BaseModel
    prepared: BaseModel
    idempotency_key: str | None
    user_id: UUID
    priority: Priority
    max_attempts: int


def _checked(request: JobRequest, caller: Caller, types: JobTypes, *, is_to_be_stored: bool = True) -> _Checked:
    job_type = types[request.type]
    asked = _checked_payload(request, job_type)
    return _Checked(
        asked,
        _prepared(asked, job_type.prepare if is_to_be_stored else job_type.check or job_type.prepare),
        _idempotency_key(request),
        _user_id(request, caller),
        _priority(request, job_type),
        _max_attempts(request, job_type),
    )


def _checked_payload(request: JobRequest, job_type: JobType[BaseModel]) -> BaseModel:
    clean = _without_secrets(request.payload, job_type)
    for path in clean.dropped:
        log.warning("dropped %s from a %s payload: its name looks like a secret", path, request.type)
    try:
        return _validated(clean.payload, job_type.payload_model)
    except ValidationError as error:
        problems = problems_of(error, at="payload", known=job_type.payload_model.model_fields)
        raise _invalid(*problems, code="invalid_payload") from None


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
        raise _invalid(_problem("payload", "holds itself, or is nested too deep"), code="invalid_payload") from None


def _prepared(payload: BaseModel, prepare: Callable[[BaseModel], BaseModel]) -> BaseModel:
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
        raise _invalid(_problem("user_id", f"must be a UUID, got {shape_of(request.user_id)}")) from None


def _priority(request: JobRequest, job_type: JobType[BaseModel]) -> Priority:
    if request.priority is None:
        return job_type.priority
    try:
        return Priority(request.priority)
    except ValueError:
        choices = ", ".join(Priority)
        raise _invalid(_problem("priority", f"must be one of {choices}, got {shape_of(request.priority)}")) from None


def _max_attempts(request: JobRequest, job_type: JobType[BaseModel]) -> int:
    if request.max_attempts is None:
        return job_type.max_attempts
    if not 1 <= request.max_attempts <= MOST_ATTEMPTS:
        raise _invalid(_problem("max_attempts", f"must be 1 to {MOST_ATTEMPTS:,}"))
    return request.max_attempts


def _idempotency_key(request: JobRequest) -> str | None:
    key = request.idempotency_key
    if key is None:
        return None
    if "\x00" in key or not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
        problem = f"must have 1 to {MAX_IDEMPOTENCY_KEY} characters, none of them NUL, got {shape_of(key)}"
        raise _invalid(_problem("idempotency_key", problem))
    try:
        key.encode()
    except UnicodeEncodeError:  # half a character, which no database takes
        raise _unwritable("idempotency_key") from None
    return key


def _run_at(request: JobRequest) -> datetime | None:
    try:
        return None if request.run_at is None else request.run_at.astimezone(UTC)
    except OverflowError:
        raise _invalid(_problem("run_at", "must be within the calendar, also in UTC")) from None


def _unwritable(field: str) -> InvalidRequestError:
    return _invalid(_problem(field, "holds something that cannot be written as JSON, or is nested too deep"))


def _problem(field: str, problem: str) -> FieldProblem:
    return FieldProblem(field=field, problem=problem)


def _invalid(*problems: FieldProblem, code: str = "invalid_request") -> InvalidRequestError:
    found = [f"`{one.field}` {one.problem}" for one in problems]
    listed = found[0] if len(found) == 1 else "".join(f"\n  {line}" for line in found)
    return InvalidRequestError(f"Cannot submit this job: {listed}", code=code, fields=problems)


def _stored(payload: BaseModel, keep: Callable[[BaseModel], Mapping[str, object]]) -> Mapping[str, object]:
    try:
        return keep(payload)
    except NotKeptError as error:
        raise _invalid(_problem("payload", str(error)), code="invalid_payload") from None


def _check_it_is_read_back(payload: Mapping[str, object]) -> None:
    try:
        from_json(to_json(payload))
    except ValueError:  # half a character, a number of too many digits, a list in a list two hundred times
        raise _unwritable("payload") from None


def _fingerprint(type_name: str, asked: BaseModel, stored: Mapping[str, object]) -> str:
    """Return what is the same for the same request, whatever its model made up for it, such as an id or an instant."""
    made_up = _made_up(type(asked)) - asked.model_fields_set
    payload = {name: value for name, value in stored.items() if name not in made_up} if made_up else stored
    return blake2b(_canonical([type_name, payload]).encode(), digest_size=16).hexdigest()


@cache
def _made_up(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that are made anew for each payload that leaves them out."""
    return frozenset(name for name, field in model.model_fields.items() if field.default_factory is not None)
