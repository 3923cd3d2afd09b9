"""What each error of an attempt comes to: another attempt, the job's failure, or the job given back for a while."""

from __future__ import annotations

import logging

from pydantic import ValidationError

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import (
    CircuitOpenError,
    InvalidRequestError,
    LeaseLostError,
    ProviderBusyError,
    ProviderError,
    StoreUnavailableError,
)
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.plain_text import made_plain
from aijobs_sdk.contract.store import Fail, Outcome, Release
from aijobs_sdk.engine.context import ComeBackLater, JobContext, World
from aijobs_sdk.engine.crash import place_of
from aijobs_sdk.engine.kept_result import InvalidResultError
from aijobs_sdk.engine.retry import after_failure

log = logging.getLogger("aijobs.worker")

PACED_BACKOFF_SECONDS = 1.0
"""At most, for each attempt so far: how long a job waits after a rate limit before it waits for its turn."""
_TOLD: tuple[type[BaseException], ...] = (
    LeaseLostError,
    ComeBackLater,
    StoreUnavailableError,
    ProviderError,
    InvalidRequestError,
)
"""What says more than that a handler crashed."""


def outcome_after(error: BaseException, context: JobContext, world: World) -> Outcome:
    """Return how an attempt ends that raised this.

    Raises:
        LeaseLostError: that was it.
    """
    told = _telling(error)
    try:
        return _outcome_after(told, context, world)
    except ValidationError:  # what it says of itself cannot be told, such as a code that is none
        return _after(_crashed(told, context.job, context.attempt), context, world)


def _outcome_after(error: BaseException, context: JobContext, world: World) -> Outcome:
    match error:
        case LeaseLostError():
            raise error
        case ComeBackLater():
            return Release(error.seconds)
        case CircuitOpenError() | ProviderBusyError():
            return _snooze(error, context, world)
        case ProviderError():
            return _after(_provider_failed(error, context), context, world, _asked_to_wait(error, context, world))
        case InvalidRequestError():
            return _after(_refused(error, context.attempt), context, world)
        case StoreUnavailableError():
            return _after(_store_away(context.attempt), context, world)
        case InvalidResultError():
            return _after(_no_result(error, context.attempt), context, world)
        case _:
            return _after(_crashed(error, context.job, context.attempt), context, world)


def overdue(context: JobContext, world: World) -> Outcome:
    """Return how an attempt ends that took longer than a job may."""
    error = ErrorInfo(
        code="job_timeout",
        category=ErrorCategory.TIMEOUT,
        message=f"The attempt took longer than the {world.limits.job_seconds:g} s a job may take.",
        attempt=context.attempt,
    )
    return _after(error, context, world)


def not_kept(error: Exception, context: JobContext) -> ErrorInfo:
    """Return how an attempt failed whose result, effects or text the store cannot write."""
    job, attempt = context.job, context.attempt
    log.error("what %s made cannot be stored: %s (job %s, attempt %d)", job.type, place_of(error), job.id, attempt)
    return ErrorInfo(
        code="invalid_result",
        category=ErrorCategory.INTERNAL,
        message=f"What the handler of {job.type!r} made cannot be stored; the log of the worker says more.",
        attempt=attempt,
    )


def _telling(error: BaseException) -> BaseException:
    """Return what decides how the attempt ends, where a task group wrapped it together with others."""
    while isinstance(error, BaseExceptionGroup):
        told = error.subgroup(_TOLD)
        if told is None:
            return error
        error = told.exceptions[0]
    return error


def _after(error: ErrorInfo, context: JobContext, world: World, retry_after_seconds: float | None = None) -> Outcome:
    return after_failure(
        error,
        draw=world.chance.draw(context.draw_key, context.attempt, "backoff"),
        retry_after_seconds=retry_after_seconds,
    )


def _asked_to_wait(error: ProviderError, context: JobContext, world: World) -> float | None:
    """Return the wait that the provider asked for, or a short one where it is the pace that holds all calls back."""
    wait_seconds = error.retry_after_seconds
    if not wait_seconds and error.category is ErrorCategory.RATE_LIMIT and world.limits.pace is not None:
        return PACED_BACKOFF_SECONDS * context.attempt * world.chance.draw(context.draw_key, context.attempt, "paced")
    return wait_seconds


def _snooze(error: CircuitOpenError | ProviderBusyError, context: JobContext, world: World) -> Release | Fail:
    """Return when the job comes back to a provider that was not asked: soon after its next trial, or no more."""
    limits, now = world.limits, world.clock.now()
    age_seconds = (now - (context.job.started_at or now)).total_seconds()
    # A long queue is no outage: what counts is for how long the provider has served nobody.
    left_seconds = limits.snooze_limit_seconds - min(age_seconds, error.silent_seconds)
    if left_seconds <= 0:
        return Fail(_waited_too_long(error, context, world))
    world.meter.snoozed(context.job, error.provider)
    # Spread out: were all to come back at once, all but the probes would only be sent away again. Those that have
    # waited long come first.
    spread_seconds = error.spread_seconds * max(0.0, 1.0 - age_seconds / limits.snooze_limit_seconds)
    draw = world.chance.draw(context.draw_key, context.claims, "snooze")
    return Release(min(error.wait_seconds + draw * spread_seconds, left_seconds))


def _waited_too_long(error: CircuitOpenError | ProviderBusyError, context: JobContext, world: World) -> ErrorInfo:
    return ErrorInfo(
        code=error.code,
        category=error.category,
        message=f"{error.provider} {_trouble(error)} for so long that the job, first started more than "
        f"{world.limits.snooze_limit_seconds:g} s ago, waits for it no more. Submit it again when it is back.",
        attempt=context.attempt,
        provider=error.provider,
        region=context.region or None,
    )


def _trouble(error: CircuitOpenError | ProviderBusyError) -> str:
    return "has been failing" if isinstance(error, CircuitOpenError) else "has let no more calls through"


def _provider_failed(error: ProviderError, context: JobContext) -> ErrorInfo:
    wait = error.retry_after_seconds
    return ErrorInfo(
        code=error.code,
        category=error.category,
        message=made_plain(error.message),
        retryable=error.retryable,
        attempt=context.attempt,
        provider=made_plain(error.provider),
        region=context.region or None,
        details={} if wait is None else {"retry_after_seconds": wait},
    )


def _refused(error: InvalidRequestError, attempt: int) -> ErrorInfo:
    return ErrorInfo(
        code=error.code, category=ErrorCategory.VALIDATION, message=made_plain(error.message), attempt=attempt
    )


def _store_away(attempt: int) -> ErrorInfo:
    # The error's own text is for operators: it may name a host.
    return ErrorInfo(
        code=StoreUnavailableError.code,
        category=ErrorCategory.DEPENDENCY,
        message="The place where jobs are kept was away while the attempt wrote to it.",
        retryable=True,
        attempt=attempt,
    )


def _no_result(error: InvalidResultError, attempt: int) -> ErrorInfo:
    return ErrorInfo(code="invalid_result", category=ErrorCategory.INTERNAL, message=str(error), attempt=attempt)


def _crashed(error: BaseException, job: Job, attempt: int) -> ErrorInfo:
    log.error("handler of %s crashed: %s (job %s, attempt %d)", job.type, place_of(error), job.id, attempt)
    return ErrorInfo(
        code="handler_error",
        category=ErrorCategory.INTERNAL,
        message=f"The handler of {job.type!r} raised {type(error).__name__}; the log of the worker says where.",
        attempt=attempt,
        details={"exception": type(error).__name__},
    )
