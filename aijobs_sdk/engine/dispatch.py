"""From a request to a stored job: everything is checked before anything is kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.job import Caller, JobRequest, NewJob
from aijobs_sdk.contract.store import NO_LIMITS, Admission, Created, Store, Taker
from aijobs_sdk.engine.checked_request import checked_payload, checked_request, invalid, prepared_payload, problem_at
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.new_job import new_job
from aijobs_sdk.engine.turns import Turns

log = logging.getLogger("aijobs.dispatch")


async def checked_jobs(
    requests: Sequence[JobRequest], *, caller: Caller, types: JobTypes, clock: Clock, turns: Turns
) -> list[NewJob]:
    """Return the jobs that these requests ask for, with ids of their own; nothing is stored.

    Raises:
        InvalidRequestError: every problem of the first bad request, field by field.
    """
    new: list[NewJob] = []
    for place, request in enumerate(requests):
        await turns.leave_one()
        try:
            new.append(new_job(request, caller=caller, types=types, clock=clock))
        except InvalidRequestError as error:
            raise (_placed(error, place) if len(requests) > 1 else error) from None
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
        raise invalid(problem_at("type", f"is {request.type!r}, whose cost nobody knows before"), code="no_estimate")
    payload = prepared_payload(checked_payload(request, job_type), job_type.prepare)
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
            checked_request(request, caller, types, is_to_be_stored=False)
        except InvalidRequestError as error:
            refused[n] = error
    return refused


def _placed(error: InvalidRequestError, place: int) -> InvalidRequestError:
    """Return the refusal of one request among several, which says whose it is."""
    name = f"requests[{place}]"
    return InvalidRequestError(f"{name}: {error.message}", code=error.code, fields=error.within(f"{name}.").fields)
