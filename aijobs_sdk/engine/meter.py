"""What the engine tells whoever listens to its numbers; and nothing, at no price, while nobody does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import ParamSpec, assert_never

from aijobs_sdk.contract.health import BreakerState
from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.contract.store import Cancelled, Done, Fail, Outcome, Release, Retry
from aijobs_sdk.engine import metrics as m

log = logging.getLogger("aijobs.metrics")

P = ParamSpec("P")

_LEVEL_OF = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


class Meter:
    """Puts what happens into numbers. The only place that knows which instrument hears of what."""

    def __init__(self, metrics: m.Metrics | None = None) -> None:
        self._metrics = metrics

    def accepted(self, asked: Sequence[NewJob], stored: Sequence[Job]) -> None:
        """Count the jobs that are new: not those that were there before, under the same idempotency key."""
        if (metrics := self._metrics) is None:
            return
        for new, job in zip(asked, stored, strict=True):
            if job.id == new.job.id:
                self._tell(metrics.count, m.JOBS_ACCEPTED, {"type": job.type})

    def working(self, places: int) -> None:
        """Add the places of a worker that begins; take them off, below 0, when it ends."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.count, m.CONCURRENCY, {}, places)

    def claimed(self, jobs: int, *, room: int) -> None:
        """Take in how many jobs a claim brought, and for how many there was room."""
        if (metrics := self._metrics) is not None and jobs == room:
            self._tell(metrics.count, m.CLAIMS_FULL, {})

    def waited_for_room(self, seconds: float) -> None:
        """Take in how long a full worker could not claim."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.time, m.ROOM_WAIT_SECONDS, {}, seconds)

    def started(self, job: Job, *, first: bool) -> None:
        """Count an attempt that begins; the `first` that anybody made at the job ends its time in the queue."""
        if (metrics := self._metrics) is None:
            return
        kind = {"type": job.type}
        self._tell(metrics.count, m.JOBS_STARTED, kind)
        self._tell(metrics.count, m.JOBS_IN_FLIGHT, kind)
        if first and job.started_at is not None:
            self._tell(metrics.time, m.QUEUE_WAIT_SECONDS, kind, (job.started_at - job.created_at).total_seconds())

    def left(self, job: Job) -> None:
        """Count out an attempt that has given up its place, whatever came of it."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.count, m.JOBS_IN_FLIGHT, {"type": job.type}, -1)

    def lost(self, job: Job) -> None:
        """Count an attempt whose job had left this worker before its outcome was stored."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.count, m.JOBS_LOST, {"type": job.type})

    def reaped(self, jobs: Sequence[Job]) -> None:
        """Count jobs that were taken from workers which will not end them, and what that was the end of."""
        if (metrics := self._metrics) is None or not jobs:
            return
        self._tell(metrics.count, m.JOBS_REAPED, {}, len(jobs))
        for job in jobs:
            if job.cancelled():
                self._tell(metrics.count, m.JOBS_CANCELLED, {"type": job.type})
            elif job.is_final and job.error is not None:
                labels = {"type": job.type, "region": "", "category": job.error.category.value}
                self._tell(metrics.count, m.JOBS_FAILED, labels)

    def snoozed(self, job: Job, provider: str) -> None:
        """Count an attempt that is put off until its provider may be asked again."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.count, m.JOBS_SNOOZED, {"type": job.type, "provider": provider})

    def ended(self, job: Job, outcome: Outcome, *, region: str, seconds: float) -> None:
        """Count an attempt whose outcome is stored, and has left the job like this."""
        if (metrics := self._metrics) is None:
            return
        labels = {"type": job.type, "region": region}
        ending, instrument = _ending(job, outcome)
        self._tell(metrics.time, m.ATTEMPT_SECONDS, {**labels, "outcome": ending}, seconds)
        if isinstance(outcome, (Retry, Fail)):
            labels["category"] = outcome.error.category.value
        if instrument is not None:
            self._tell(metrics.count, instrument, {name: labels[name] for name in instrument.labels})

    def provider_called(self, provider: str, *, region: str, outcome: str, seconds: float) -> None:
        """Take in a call to a provider that has ended."""
        if (metrics := self._metrics) is None:
            return
        labels = {"provider": provider, "region": region, "outcome": outcome}
        self._tell(metrics.count, m.PROVIDER_CALLS, labels)
        self._tell(metrics.time, m.PROVIDER_SECONDS, labels, seconds)

    def breaker_changed(self, provider: str, state: BreakerState) -> None:
        """Show the state that a provider's breaker has entered."""
        if (metrics := self._metrics) is None:
            return
        self._tell(metrics.gauge, m.BREAKER_STATE, {"provider": provider}, _LEVEL_OF[state])
        self._tell(metrics.count, m.BREAKER_CHANGES, {"provider": provider, "state": state.value})

    def store_away(self) -> None:
        """Count a time that a worker finds its store away."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.count, m.STORE_OUTAGES, {})

    def store_back(self, seconds: float) -> None:
        """Take in how long the store was away."""
        if (metrics := self._metrics) is not None:
            self._tell(metrics.time, m.STORE_OUTAGE_SECONDS, {}, seconds)

    def _tell(self, say: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            say(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a listener is user code, and no job may end because of it
            self._metrics = None
            log.warning("metrics are off: the listener raised %s", type(error).__name__)


def _ending(job: Job, outcome: Outcome) -> tuple[str, m.Instrument | None]:
    """Return how an attempt ended, and what counts that; a snooze was counted where it was decided."""
    if job.cancelled():  # whatever the handler came to: the store made a cancellation of it
        return "cancelled", m.JOBS_CANCELLED
    match outcome:
        case Done():
            return "completed", m.JOBS_COMPLETED
        case Retry() if not job.is_final:
            return "retried", m.JOBS_RETRIED
        case Retry() | Fail():
            return "failed", m.JOBS_FAILED
        case Cancelled():
            return "cancelled", m.JOBS_CANCELLED
        case Release():
            return ("snoozed", None) if outcome.delay_seconds else ("released", m.JOBS_RELEASED)
        case _:
            assert_never(outcome)
