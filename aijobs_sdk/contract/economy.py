"""The seam to a vendor's own batches: the same requests, answered within a day, for about half the price.

A request is told by its job: no two of a batch may be of one job. What is sent is named by a token of the caller's, who
writes it down before (`BatchIntent`), so that a batch whose making was not heard of is found again and not made twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Finished, GenerationRequest, Provider
from aijobs_sdk.contract.word import Word


class RemoteState(Word):
    """Where a batch stands at its vendor."""

    WORKING = "working"
    ENDED = "ended"
    """Each of its requests was answered, or failed by itself."""
    FAILED = "failed"
    """The vendor took it, and then did not begin: `RemoteBatch.reason` is its code."""
    CANCELLED = "cancelled"
    """What was answered until then can be read."""
    EXPIRED = "expired"
    """The vendor was not done in time; what was answered until then can be read."""

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self is not RemoteState.WORKING


class RemoteBatch(Fact):
    """A batch at its vendor, as it was when somebody looked."""

    provider: str
    id: str
    """The vendor's."""
    endpoint: str | None = None
    """Where it was sent, as in the route of its requests: it is known there alone."""
    state: RemoteState
    reason: str | None = None
    """Why it failed, by the vendor's own code (`token_limit_exceeded`)."""
    total: int = Field(ge=0)
    answered: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    """With an error of their own, expired or cancelled; a vendor may tell both counts at the end only."""
    created_at: datetime
    expires_at: datetime | None = None
    """When the vendor gives up."""


class BatchIntent(Fact):
    """A batch that is about to be sent: write it down first, and look for it (`find_batch`) after a crash."""

    token: str = Field(min_length=1)
    """Names this batch alone."""
    size: int = Field(ge=1)
    """Its requests."""
    endpoint: str | None = None
    written_at: datetime
    """Before this, less an hour for clocks that differ, it was not made."""


class BatchLimits(Fact):
    """The most that one batch holds."""

    max_requests: int = Field(ge=1)
    max_bytes: int = Field(ge=1)
    """Of all that is sent."""
    source: str
    as_of: date


class BatchAnswer(Fact):
    """What a request of a batch was answered: all that a stream would have told."""

    text: str
    finished: Finished


BatchOutcome = BatchAnswer | ProviderError


class BatchRow(NamedTuple):
    """What one request of a batch came to."""

    job_id: UUID
    outcome: BatchOutcome


@runtime_checkable
class BatchProvider(Provider, Protocol):
    """A provider that also takes batches. As with single calls, retries are not its business."""

    @property
    def batch_limits(self) -> BatchLimits:
        """Return the most that this vendor takes at once."""
        ...

    async def batch_bytes(self, request: GenerationRequest) -> int:
        """Return how many bytes this request takes in a batch.

        Raises:
            ProviderError: this vendor cannot be asked that; nothing was sent.
        """
        ...

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        """Send requests for one model, on one route, and return the batch that they now are.

        Raises:
            InvalidRequestError: they cannot be one batch; nothing was sent.
            ProviderError: whatever went wrong, translated. The batch may have been made: look for it.
        """
        ...

    async def find_batch(self, intent: BatchIntent) -> RemoteBatch | None:
        """Return the batch that was made of this intent, None where there is none.

        Raises:
            ProviderError: whatever went wrong, translated. With the code `batch_not_sure` there is one that may be it,
                and the vendor tells only once that has ended: ask again after `retry_after_seconds`.
        """
        ...

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch as it is now.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        ...

    def batch_results(self, batch: RemoteBatch, asked: Mapping[UUID, GenerationRequest]) -> AsyncGenerator[BatchRow]:
        """Yield once, in any order, what became of each request that was `asked`, by its job, in a batch that is over.

        A request of which the vendor says nothing is an error as well, by how the batch ended; an answer that nobody
        asked for is left out, with a warning.

        Raises:
            ProviderError: they cannot be read now.
        """
        ...

    async def cancel_batch(self, batch: RemoteBatch) -> RemoteBatch:
        """Ask the vendor to stop, and return the batch as it is now; it may take minutes until it is over.

        One that is over stays as it is.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        ...
