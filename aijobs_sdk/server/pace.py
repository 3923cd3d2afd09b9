"""How fast each tenant may ask: a bucket of tokens, filled evenly."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from aijobs_sdk.contract.errors import AdmissionError, RateLimitedError
from aijobs_sdk.server.recent import Recent

_MAX_TENANTS = 10_000
"""Whose buckets are kept: one that is forgotten was full again long ago."""


class TooManyRequestsError(RateLimitedError):
    """The tenant sends requests faster than it may."""

    def __init__(self, *, retry_after_seconds: float) -> None:
        AdmissionError.__init__(
            self,
            f"Too many requests in a short time. Ask again in {retry_after_seconds:.3g} s.",
            retry_after_seconds=retry_after_seconds,
        )


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Pace:
    """Lets `per_second` requests of a tenant pass, and as many at once after a silence; None lets all pass."""

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second
        self._buckets: Recent[UUID, _Bucket] = Recent(self._full, at_most=_MAX_TENANTS)

    def pass_one(self, tenant_id: UUID) -> None:
        """Count one request.

        Raises:
            TooManyRequestsError: it comes too soon; it says when to come again.
        """
        if self._per_second is None:
            return
        bucket, now = self._buckets[tenant_id], asyncio.get_running_loop().time()
        bucket.tokens = min(self._most(), bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.tokens < 1:
            raise TooManyRequestsError(retry_after_seconds=(1 - bucket.tokens) / self._per_second)
        bucket.tokens -= 1

    def _full(self, _: UUID) -> _Bucket:
        return _Bucket(self._most(), asyncio.get_running_loop().time())

    def _most(self) -> float:
        return max(1.0, self._per_second or 0.0)
