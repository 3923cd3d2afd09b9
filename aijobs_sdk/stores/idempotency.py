"""Idempotency keys: which of some new jobs are new, and which repeat a job that holds their key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.errors import IdempotencyConflictError, InvalidRequestError
from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.store import IDEMPOTENCY_HOURS

Key = tuple[UUID, str]
"""A tenant and a word of its own."""


class Holder(NamedTuple):
    """The job that a key finds, and what tells a repeat of it from another request."""

    job_id: UUID
    fingerprint: str | None


def key_of(job: Job) -> Key | None:
    """Return the job's key, None for one without."""
    return None if job.idempotency_key is None else (job.tenant_id, job.idempotency_key)


def still_counts(job: Job, now: datetime) -> bool:
    """Return whether the key of this job still finds it, rather than being free for another."""
    if job.idempotency_key is None:
        return False
    return job.completed_at is None or now < job.completed_at + timedelta(hours=IDEMPOTENCY_HOURS)


def ids_under_keys(jobs: Sequence[NewJob], held: Mapping[Key, Holder]) -> list[UUID]:
    """Return for each job the id it is found under: its own, or that of the job that had its key before.

    Raises:
        IdempotencyConflictError: the key's holder has another type or payload.
        InvalidRequestError: two of these jobs that differ have one key.
    """
    holders = dict(held)
    ids: list[UUID] = []
    for new in jobs:
        own = Holder(new.job.id, new.fingerprint)
        key = key_of(new.job)
        holder = own if key is None else holders.setdefault(key, own)
        if key is not None and holder.fingerprint != new.fingerprint:
            raise _conflict(key, held)
        ids.append(holder.job_id)
    return ids


def _conflict(key: Key, held: Mapping[Key, Holder]) -> IdempotencyConflictError | InvalidRequestError:
    if key in held:
        return IdempotencyConflictError(key[1], held[key].job_id)
    problem = f"have the idempotency key {key[1]!r} twice, for another type or payload: give each job a key of its own"
    return bad_argument("requests", problem)
