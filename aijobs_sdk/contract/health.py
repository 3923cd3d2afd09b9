"""How a backend is: what an operator, a probe or a load balancer asks."""

from __future__ import annotations

from datetime import datetime

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.word import Word


class BreakerState(Word):
    """Whether a provider is asked."""

    CLOSED = "closed"
    """It is."""
    OPEN = "open"
    """It failed too often: nobody asks it for a while."""
    HALF_OPEN = "half_open"
    """A few calls find out whether it is back."""


class BreakerHealth(Fact):
    """Where one provider's circuit breaker stands."""

    provider: str
    state: BreakerState
    failures: int
    """Of the calls in its window; of the last window, while it is not closed."""
    retry_at: datetime | None
    """When the provider is asked again; None unless the breaker is open."""


class PaceHealth(Fact):
    """At what pace one model of one provider is asked."""

    provider: str
    region: str
    model: str
    in_flight: int
    """Calls under way."""
    window: int
    """How many there may be at the same time."""
    waiting: int
    """Calls that wait here for their turn."""
    calls_per_second: float | None
    """What was found out to be sustained, where the provider says nothing; None where nothing limits it so."""
    paused_seconds: float
    """For how long nobody is let through, as the provider asked for; 0 where it did not."""


class StoreHealth(Fact):
    """Whether the place where jobs are kept answers, and can be written to."""

    reachable: bool
    seconds: float
    """How long it took to answer, or until nobody waited any longer."""
    problem: str | None = None
    """What it said instead of an answer. For operators: it may name a host."""
    away_since: datetime | None = None
    """Since when the workers here have been waiting for it; None while they are not."""


class WorkersHealth(Fact):
    """What runs jobs in this process. Workers start with the first call that needs them."""

    running: bool
    in_flight: int
    """Attempts under way."""
    concurrency: int
    """How many there may be at the same time."""


class Health(Fact):
    """How a backend is at one moment."""

    healthy: bool
    """Whether jobs can be taken in and read. A broken provider does not count: its jobs wait for it."""
    store: StoreHealth
    workers: WorkersHealth
    breakers: tuple[BreakerHealth, ...]
    """One for each provider that was asked so far, by name."""
    paces: tuple[PaceHealth, ...] = ()
    """One for each model that was asked so far at each of its providers, by name."""
