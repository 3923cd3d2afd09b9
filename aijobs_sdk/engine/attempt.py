"""One attempt at one job: the only code that runs a handler."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping

from pydantic import BaseModel, JsonValue, TypeAdapter

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import InvalidRequestError, LeaseLostError, ProviderError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.store import Cancelled, Done, Outcome, Release
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.job_type import JobTypes, Result
from aijobs_sdk.engine.retry import after_failure

log = logging.getLogger("aijobs.worker")

_JSON: TypeAdapter[Mapping[str, JsonValue]] = TypeAdapter(Mapping[str, JsonValue])


async def run_attempt(context: JobContext, types: JobTypes, world: World) -> Outcome:
    """Run the handler and say how it ended; an attempt that is interrupted is cancelled or given back.

    Raises:
        LeaseLostError: another worker has the job; nothing more may be written.
    """
    limit = asyncio.timeout(world.limits.job_seconds)
    try:
        async with limit:
            job_type = types[context.job.type]
            result = await job_type.run(context, job_type.payload_model.model_validate(context.job.payload))
            await context.end_answer()
            return Done(_as_json(result), context.effects)
    except asyncio.CancelledError:
        return Cancelled() if context.stopping else Release()
    except LeaseLostError:
        raise
    except ProviderError as error:
        return _after(_provider_failed(error, context.attempt), context, world, error.retry_after_seconds)
    except InvalidRequestError as error:
        return _after(_refused(error, context.attempt), context, world)
    except Exception as error:  # noqa: BLE001 - user code ends here: whatever it raises is this job's failure, not ours
        overdue = isinstance(error, TimeoutError) and limit.expired()
        info = _overdue(context, world) if overdue else _crashed(error, context.job, context.attempt)
        return _after(info, context, world)


def _after(error: ErrorInfo, context: JobContext, world: World, retry_after_seconds: float | None = None) -> Outcome:
    return after_failure(
        error,
        draw=world.chance.draw(context.draw_key, context.attempt, "backoff"),
        retry_after_seconds=retry_after_seconds,
    )


def _as_json(result: Result) -> Mapping[str, JsonValue]:
    data = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    return _JSON.validate_python(data)


def _provider_failed(error: ProviderError, attempt: int) -> ErrorInfo:
    wait = error.retry_after_seconds
    return ErrorInfo(
        code=error.code,
        category=error.category,
        message=error.message,
        retryable=error.retryable,
        attempt=attempt,
        provider=error.provider,
        details={} if wait is None else {"retry_after_seconds": wait},
    )


def _refused(error: InvalidRequestError, attempt: int) -> ErrorInfo:
    return ErrorInfo(code=error.code, category=ErrorCategory.VALIDATION, message=error.message, attempt=attempt)


def _overdue(context: JobContext, world: World) -> ErrorInfo:
    return ErrorInfo(
        code="job_timeout",
        category=ErrorCategory.TIMEOUT,
        message=f"The attempt took longer than the {world.limits.job_seconds:g} s a job may take.",
        attempt=context.attempt,
    )


def _crashed(error: Exception, job: Job, attempt: int) -> ErrorInfo:
    # The exception's own text may hold a prompt or a key: its type and place must do.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {frame.filename}:{frame.lineno} in {frame.name}"
    log.error("handler of %s crashed: %s (job %s, attempt %d)", job.type, place, job.id, attempt)
    return ErrorInfo(
        code="handler_error",
        category=ErrorCategory.INTERNAL,
        message=f"The handler of {job.type!r} raised {type(error).__name__}; the log of the worker says where.",
        attempt=attempt,
        details={"exception": type(error).__name__},
    )
