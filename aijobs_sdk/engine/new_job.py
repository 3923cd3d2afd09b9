"""The job that a request asks for, as it is to be stored, and what tells it from others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import Caller, Job, JobRequest, JobStatus, NewJob
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.engine.checked_request import checked_request, invalid, no_json, problem_at
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.kept_payload import NotKeptError

_job = unchecked(Job)
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def new_job(request: JobRequest, *, caller: Caller, types: JobTypes, clock: Clock) -> NewJob:
    """Return the job that a request asks for, with an id of its own; nothing is stored.

    Raises:
        InvalidRequestError: every problem of the request, field by field.
    """
    asked, prepared, key, user_id, priority, max_attempts, run_at = checked_request(request, caller, types)
    keep = types[request.type].keep
    stored = _stored(asked, keep)
    _check_it_is_read_back(stored, of=request)
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
        run_at=run_at,
        draw_key=request.draw_key or fingerprint or _fingerprint(request.type, asked, stored),
    )


def _stored(payload: BaseModel, keep: Callable[[BaseModel], Mapping[str, object]]) -> Mapping[str, object]:
    try:
        return keep(payload)
    except NotKeptError as error:
        raise invalid(problem_at("payload", str(error)), code="invalid_payload") from None


def _check_it_is_read_back(payload: Mapping[str, object], *, of: JobRequest) -> None:
    try:
        from_json(to_json(payload))
    except ValueError:  # half a character, a list in a list two hundred times
        raise no_json(of.payload) from None


def _fingerprint(type_name: str, asked: BaseModel, stored: Mapping[str, object]) -> str:
    """Return what is the same for the same request, whatever its model made up for it, such as an id or an instant."""
    made_up = _made_up(type(asked)) - asked.model_fields_set
    payload = {name: value for name, value in stored.items() if name not in made_up} if made_up else stored
    return blake2b(_canonical([type_name, payload]).encode(), digest_size=16).hexdigest()


@cache
def _made_up(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that are made anew for each payload that leaves them out."""
    return frozenset(name for name, field in model.model_fields.items() if field.default_factory is not None)
