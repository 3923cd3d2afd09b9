"""How many requests and tokens a tenant may send to a model in a minute: refilled all the time, not once a minute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from fnmatch import fnmatchcase
from typing import NamedTuple

from pydantic import Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Allowance as Said
from aijobs_sdk.contract.provider import Allowances as AllSaid

MINUTE_SECONDS = 60.0
MOST_A_MINUTE = 1_000_000_000_000
"""More than any vendor lets through."""
ROUNDING = 1e-6
"""Of a request or token: whoever waits exactly as long as it was told is let in."""


class RateLimit(Fact):
    """What each tenant may send to each of some models; None: any number."""

    model: str = "*"
    """A glob over our names of models."""
    requests_per_minute: int | None = Field(default=None, strict=True, ge=1, le=MOST_A_MINUTE)
    tokens_per_minute: int | None = Field(default=None, strict=True, ge=1, le=MOST_A_MINUTE)


MOST_ACCOUNTS = 10_000
"""Pairs of tenant and model whose calls are counted."""


class Allowance(NamedTuple):
    """What is left of one limit after a request."""

    limit: int
    remaining: int
    reset_seconds: float
    """Until all of it is there again."""
    retry_seconds: float
    """Until as much is there as the request wanted; 0 where it was let in."""


class Allowances(NamedTuple):
    """What a response says about limits; None where nothing is said."""

    requests: Allowance | None
    tokens: Allowance | None

    @property
    def retry_seconds(self) -> float:
        """How long to wait before the same request is let in; 0 where it was."""
        return max((one.retry_seconds for one in self if one is not None), default=0.0)

    def said(self) -> AllSaid | None:
        """Return it as an adapter reads it, None where nobody gave a limit."""
        return AllSaid(requests=_said(self.requests), tokens=_said(self.tokens))


class _Untouched(Allowances):
    """Those of limits that are high, and full before each request: nobody is to slow down because of them."""

    def said(self) -> AllSaid | None:
        return None


USUAL_REQUESTS, USUAL_TOKENS = 10_000, 10_000_000
"""The limits in a minute that are told where nobody gave one. Own choice."""
_UNLIMITED = RateLimit()


class RateLimits:
    """The limits of one simulated world, and how much of them is left for whom."""

    def __init__(self) -> None:
        self._limits: list[RateLimit] = []
        self._of_model: dict[str, RateLimit] = {}
        self._met: set[int] = set()
        """Places of those for a model that was called, and of those of files: these are for many programs."""
        self._accounts: OrderedDict[tuple[Hashable, str], _Account] = OrderedDict()

    def add(self, limit: RateLimit, *, may_meet_nobody: bool = False) -> None:
        """Let a limit hold from now on, in place of earlier ones for the same models."""
        if may_meet_nobody:
            self._met.add(len(self._limits))
        self._limits.append(limit)
        self._of_model.clear()

    def unmet(self) -> list[RateLimit]:
        """Return those that were to meet somebody, and none of whose models was called."""
        return [one for place, one in enumerate(self._limits) if place not in self._met]

    def take(self, tenant: Hashable, model: str, tokens: int, now: float) -> Allowances:
        """Take one request with so many input tokens from the tenant's limits, unless one of them is used up."""
        limit = self._of_model.get(model)
        if limit is None:
            given = [place for place, one in enumerate(self._limits) if fnmatchcase(model, one.model)]
            self._met.update(given)
            limit = self._of_model[model] = self._limits[given[-1]] if given else _UNLIMITED
        if limit is _UNLIMITED:
            return _untouched(tokens)
        account = self._accounts.get((tenant, model))
        if account is None or account.limit is not limit:
            account = self._accounts[tenant, model] = _Account(limit)
            if len(self._accounts) > MOST_ACCOUNTS:
                self._accounts.popitem(last=False)  # of whoever came first, and is full again by now
        return account.take(tokens, now)


class _Account:
    """What one tenant has left of one model's limit."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._requests = None if limit.requests_per_minute is None else _Bucket(limit.requests_per_minute)
        self._tokens = None if limit.tokens_per_minute is None else _Bucket(limit.tokens_per_minute)

    def take(self, tokens: int, now: float) -> Allowances:
        """Take one request, unless something of it is used up."""
        has_a_request = self._requests is None or self._requests.has(1, now)
        has_tokens = self._tokens is None or self._tokens.has(tokens, now)
        let_in = has_a_request and has_tokens
        return Allowances(
            None if self._requests is None else self._requests.take(1, let_in=let_in),
            None if self._tokens is None else self._tokens.take(tokens, let_in=let_in),
        )


class _Bucket:
    """Holds at most a minute's worth. More than that is let in once it is full, as it never would be otherwise."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = float(limit)
        self._at: float | None = None

    def has(self, amount: int, now: float) -> bool:
        """Refill; return whether so much is there."""
        if self._at is not None:
            passed = max(0.0, now - self._at)  # on another loop of the same world it may be earlier again
            self._left = min(float(self._limit), self._left + passed * self._limit / MINUTE_SECONDS)
        self._at = now
        return self._left + ROUNDING >= min(amount, self._limit)

    def take(self, amount: int, *, let_in: bool) -> Allowance:
        """Take so much, where it is let in, and return what is left."""
        amount = min(amount, self._limit)
        retry_seconds = 0.0 if let_in else self._seconds_until(amount)
        if let_in:
            self._left = max(0.0, self._left - amount)
        remaining = int(self._left + ROUNDING)
        return Allowance(self._limit, remaining, self._seconds_until(self._limit), retry_seconds)

    def _seconds_until(self, wanted: int) -> float:
        return max(0.0, wanted - self._left) * MINUTE_SECONDS / self._limit


def _said(one: Allowance | None) -> Said | None:
    if one is None:
        return None
    return Said(limit=one.limit, remaining=one.remaining, reset_seconds=one.reset_seconds)


def _untouched(tokens: int) -> Allowances:
    return _Untouched(_all_but(1, USUAL_REQUESTS), _all_but(tokens, USUAL_TOKENS))


def _all_but(amount: int, limit: int) -> Allowance:
    amount = min(amount, limit)
    return Allowance(limit, limit - amount, amount * MINUTE_SECONDS / limit, 0.0)
