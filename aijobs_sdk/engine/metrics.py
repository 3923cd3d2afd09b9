"""What the engine can be heard to say in numbers, and the one door it says it through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Kind(StrEnum):
    """How numbers under one name add up."""

    COUNTER = "counter"
    """Only grows."""
    LEVEL = "level"
    """Goes up and down by steps, so that several clients of a process add up."""
    GAUGE = "gauge"
    """Is set to what it is."""
    TIMER = "timer"
    """Takes durations, in seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One thing that is measured. Its labels have few values: never an id, never a text."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    about: str


BUCKETS_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
"""Upper bounds for a timer's histogram: from a job that does nothing to one that waited for a broken provider."""


@runtime_checkable
class Metrics(Protocol):
    """Who listens. Called on the loop that runs the jobs, and often: return at once, and do not raise.

    A listener that raises is told nothing more.
    """

    def count(self, instrument: Instrument, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter or a level; to a level, `by` may be below 0."""
        ...

    def gauge(self, instrument: Instrument, labels: Mapping[str, str], value: float) -> None:
        """Set a gauge."""
        ...

    def time(self, instrument: Instrument, labels: Mapping[str, str], seconds: float) -> None:
        """Take in one duration."""
        ...


JOBS_ACCEPTED = Instrument("aijobs_jobs_accepted", Kind.COUNTER, ("type",), "Jobs stored, repeats left out.")
JOBS_STARTED = Instrument("aijobs_jobs_started", Kind.COUNTER, ("type",), "Attempts begun.")
JOBS_COMPLETED = Instrument("aijobs_jobs_completed", Kind.COUNTER, ("type", "region"), "Jobs with a result.")
JOBS_FAILED = Instrument(
    "aijobs_jobs_failed",
    Kind.COUNTER,
    ("type", "region", "category"),
    "Jobs that failed: each leaves a dead letter.",
)
JOBS_CANCELLED = Instrument("aijobs_jobs_cancelled", Kind.COUNTER, ("type",), "Running jobs that were cancelled.")
JOBS_RETRIED = Instrument(
    "aijobs_jobs_retried",
    Kind.COUNTER,
    ("type", "region", "category"),
    "Attempts that failed and will be followed by another.",
)
JOBS_RELEASED = Instrument("aijobs_jobs_released", Kind.COUNTER, ("type",), "Attempts given back by a stop.")
JOBS_SNOOZED = Instrument(
    "aijobs_jobs_snoozed", Kind.COUNTER, ("type", "provider"), "Attempts put off: their provider is broken or busy."
)
JOBS_LOST = Instrument("aijobs_jobs_lost", Kind.COUNTER, ("type",), "Attempts whose job had left this worker.")
JOBS_REAPED = Instrument(
    "aijobs_jobs_reaped", Kind.COUNTER, (), "Jobs taken from silent or stuck workers, to be tried again or failed."
)
ATTEMPT_SECONDS = Instrument(
    "aijobs_attempt_seconds", Kind.TIMER, ("type", "region", "outcome"), "From the claim to the stored outcome."
)
QUEUE_WAIT_SECONDS = Instrument(
    "aijobs_queue_wait_seconds",
    Kind.TIMER,
    ("type",),
    "From acceptance to the first start; a delay that was asked for is part of it.",
)
JOBS_IN_FLIGHT = Instrument("aijobs_jobs_in_flight", Kind.LEVEL, ("type",), "Attempts under way in this process.")
CONCURRENCY = Instrument("aijobs_concurrency", Kind.LEVEL, (), "Attempts that this process may have under way.")
CLAIMS_FULL = Instrument(
    "aijobs_claims_full", Kind.COUNTER, (), "Claims that took all the room there was: more jobs may be waiting."
)
ROOM_WAIT_SECONDS = Instrument(
    "aijobs_room_wait_seconds", Kind.TIMER, (), "How long a full worker waited until it could claim again."
)
PROVIDER_CALLS = Instrument(
    "aijobs_provider_calls", Kind.COUNTER, ("provider", "region", "outcome"), "Calls that were made to a provider."
)
PROVIDER_SECONDS = Instrument(
    "aijobs_provider_seconds", Kind.TIMER, ("provider", "region", "outcome"), "From a call's start to its end."
)
BREAKER_STATE = Instrument(
    "aijobs_breaker_state",
    Kind.GAUGE,
    ("provider",),
    "0: the provider is asked; 1: it is being probed; 2: it is left alone.",
)
BREAKER_CHANGES = Instrument(
    "aijobs_breaker_changes", Kind.COUNTER, ("provider", "state"), "Times that a breaker entered a state."
)
STORE_OUTAGES = Instrument("aijobs_store_outages", Kind.COUNTER, (), "Times that workers found their store away.")
STORE_OUTAGE_SECONDS = Instrument("aijobs_store_outage_seconds", Kind.TIMER, (), "How long it was away for them.")

INSTRUMENTS = (
    JOBS_ACCEPTED,
    JOBS_STARTED,
    JOBS_COMPLETED,
    JOBS_FAILED,
    JOBS_CANCELLED,
    JOBS_RETRIED,
    JOBS_RELEASED,
    JOBS_SNOOZED,
    JOBS_LOST,
    JOBS_REAPED,
    ATTEMPT_SECONDS,
    QUEUE_WAIT_SECONDS,
    JOBS_IN_FLIGHT,
    CONCURRENCY,
    CLAIMS_FULL,
    ROOM_WAIT_SECONDS,
    PROVIDER_CALLS,
    PROVIDER_SECONDS,
    BREAKER_STATE,
    BREAKER_CHANGES,
    STORE_OUTAGES,
    STORE_OUTAGE_SECONDS,
)
"""All there are, in the order of docs/operations.md."""
