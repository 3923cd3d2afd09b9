"""`test_job`: does nothing for as long as it is told, and ends as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import Field, JsonValue

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import job_type
from aijobs_sdk.engine.kept_payload import kept


class TestJobPayload(Fact):
    """How long, in how many steps, and what then."""

    __test__ = False  # not a test class, whatever its name says to pytest

    seconds: float = Field(default=0, ge=0)
    steps: int = Field(default=0, ge=0, le=1000)
    """Progress reports, spread evenly over the time."""
    echo: JsonValue = None
    """Comes back as the result's `echo`."""
    text: tuple[str, ...] = ()
    """Pieces to write as the answer, before the end."""
    fail_attempts: int = Field(default=0, ge=0)
    """So many attempts fail, in a way that may be retried."""
    fail: bool = False
    """Every attempt fails, for good."""


async def _test_job(context: JobContext, payload: TestJobPayload) -> Mapping[str, JsonValue]:
    """Wait, report, write, and fail or echo."""
    for step in range(payload.steps):
        await context.clock.sleep(payload.seconds / payload.steps)
        await context.progress(round(100 * (step + 1) / payload.steps), f"Step {step + 1} of {payload.steps}")
    if payload.seconds and not payload.steps:
        await context.clock.sleep(payload.seconds)
    for piece in payload.text:
        await context.write(piece)
    if payload.fail or context.attempt <= payload.fail_attempts:
        raise _as_told(retryable=not payload.fail)
    return {"echo": payload.echo, "attempt": context.attempt}


test_job = replace(job_type("test_job")(_test_job), keep=kept)


def _as_told(*, retryable: bool) -> ProviderError:
    return ProviderError(
        "test_job failed as it was told to.",
        code="told_to_fail",
        category=ErrorCategory.PROVIDER,
        provider="test_job",
        retryable=retryable,
    )
