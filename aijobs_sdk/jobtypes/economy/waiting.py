"""How long a job leaves its vendor's batch alone, and what it does about a vendor that cannot be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from aijobs_sdk.contract.economy import RemoteBatch
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.engine.context import JobContext

SHORTEST_SECONDS = 15.0
LONGEST_SECONDS = 300.0
GROWTH = 0.25
"""A batch that has been there for so long is looked at again after this part of that time."""
VENDOR_SECONDS = 240.0
"""All that is asked of a vendor in one attempt: an attempt may take 300 s."""
PATIENCE = timedelta(days=3)
"""A vendor keeps results for weeks, and gives up a batch after one day: whoever cannot read them by then fails."""


def until_next_look(batch: RemoteBatch, context: JobContext) -> float:
    """Return the seconds after which the batch is worth another look: the longer it takes, the more."""
    age = (context.clock.now() - batch.created_at).total_seconds()
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, age * GROWTH))


@contextmanager
def patiently(context: JobContext) -> Iterator[None]:
    """Ask inside for what is there already; where that cannot be told now, the job comes back, and no attempt is lost.

    Raises:
        ProviderError: it will not get better, or has not for days.
    """
    try:
        yield
    except ProviderError as error:
        since = context.clock.now() - (context.job.started_at or context.clock.now())
        if not error.retryable or since > PATIENCE:
            raise
        context.come_back(error.retry_after_seconds or LONGEST_SECONDS)


@asynccontextmanager
async def in_time(provider: str) -> AsyncIterator[None]:
    """Let a vendor be asked inside, for as long as an attempt can wait.

    Raises:
        ProviderError: it took longer.
    """
    try:
        async with asyncio.timeout(VENDOR_SECONDS):
            yield
    except TimeoutError:
        raise ProviderError(
            f"{provider} did not answer about a batch within {VENDOR_SECONDS:g} s.",
            code="provider_timeout",
            category=ErrorCategory.TIMEOUT,
            provider=provider,
            retryable=True,
        ) from None
