"""How many requests and tokens a tenant may send to a model in a minute: refilled all the time, not once a minute."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from pydantic import Field

from aijobs_sdk.contract.model import Fact

MINUTE_SECONDS = 60.0
ROUNDING = 1e-6
"""Of a request or token: whoever waits exactly as long as it was told is let in."""


class RateLimit(Fact):
    """What each tenant may send to each of some models; None: any number."""

    model: str = "*"
    """A glob over our names of models."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)


class Allowance(NamedTuple):
    """What is left of one limit after a request."""

    limit: int
    remaining: int
    reset_seconds: float
    """Until all of it is there again."""
    retry_seconds: float
    """Until as much is there as the request wanted; 0 where it was let in."""


class Allowances(NamedTuple):
    """What a response says about limits; None where there is none."""

    requests: Allowance | None
    tokens: Allowance | None

    @property
    def retry_seconds(self) -> float:
        """How long to wait before the same request is let in; 0 where it was."""
        return max((one.retry_seconds for one in self if one is not None), default=0.0)


class RateLimits:
    """The limits of one simulated world, and how much of them is left for whom."""

    def __init__(self) -> None:
        self._limits: list[RateLimit] = []
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def add(self, limit: RateLimit) -> None:
        """Let a limit hold from now on, in place of earlier ones for the same models."""
        self._limits.append(limit)

    def take(self, tenant: str, model: str, tokens: int, now: float) -> Allowances:
        """Take one request with so many input tokens from the tenant's limits, unless one of them is used up."""
        limit = next((one for one in reversed(self._limits) if fnmatchcase(model, one.model)), None)
        if limit is None:
            return Allowances(None, None)
        wanted = [
            (self._bucket("requests", tenant, model, limit.requests_per_minute), 1),
            (self._bucket("tokens", tenant, model, limit.tokens_per_minute), tokens),
        ]
        return Allowances(*_take(wanted, now))

    def _bucket(self, kind: str, tenant: str, model: str, limit: int | None) -> _Bucket | None:
        if limit is None:
            return None
        bucket = self._buckets.get((kind, tenant, model))
        if bucket is None or bucket.limit != limit:
            bucket = self._buckets[kind, tenant, model] = _Bucket(limit)
        return bucket


class _Bucket:
    """Holds at most a minute's worth."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = float(limit)
        self._at: float | None = None

    def refill(self, now: float) -> None:
        if self._at is not None:
            passed = max(0.0, now - self._at)  # on another loop of the same world it may be earlier again
            self.left = min(float(self.limit), self.left + passed * self.limit / MINUTE_SECONDS)
        self._at = now

    def seconds_until(self, wanted: float) -> float:
        return max(0.0, wanted - self.left) * MINUTE_SECONDS / self.limit


def _take(wanted: Sequence[tuple[_Bucket | None, int]], now: float) -> Sequence[Allowance | None]:
    for bucket, _ in wanted:
        if bucket is not None:
            bucket.refill(now)
    # More tokens than a whole minute's are let in once the bucket is full, as they never would be otherwise.
    amounts = [(bucket, 0.0 if bucket is None else float(min(amount, bucket.limit))) for bucket, amount in wanted]
    let_in = all(bucket is None or bucket.left + ROUNDING >= amount for bucket, amount in amounts)
    return [None if bucket is None else _taken(bucket, amount, let_in=let_in) for bucket, amount in amounts]


def _taken(bucket: _Bucket, amount: float, *, let_in: bool) -> Allowance:
    retry_seconds = 0.0 if let_in else bucket.seconds_until(amount)
    if let_in:
        bucket.left = max(0.0, bucket.left - amount)
    return Allowance(bucket.limit, int(bucket.left + ROUNDING), bucket.seconds_until(bucket.limit), retry_seconds)
