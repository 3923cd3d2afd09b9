"""One ordeal: jobs run while their workers are killed and frozen and the database crashes, and all has to end well."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, JobFailed, JobRetrying, JobStarted
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate
from benchmarks.torture.evidence import Evidence, in_hand, read_evidence, unfinished
from benchmarks.torture.fleet import Fleet
from benchmarks.torture.promises import broken_promises
from benchmarks.torture.submitter import Submitter
from services.postgres import PostgresServer

KILL, FREEZE, CRASH = "kill", "freeze", "crash"
_LOST = "worker_lost"
_GLANCE_SECONDS = 0.05
_BETWEEN_STRIKES_SECONDS = (0.3, 0.9)
_BETWEEN_CRASHES_SECONDS = (2.0, 4.0)
_FROZEN_LEASES = (1.2, 2.2)
"""Longer than a lease, so that others have the jobs when the worker wakes up."""
_STUCK_SECONDS = 30.0
"""So long without a single job that ends: nothing will end any more."""


class Ordeal(NamedTuple):
    """How much, for how long, and by which draws."""

    jobs: int
    seconds: float
    """Over which the jobs are submitted; in this time workers are struck, then they are left in peace."""
    seed: int = 0
    workers: int = 4
    lease_seconds: float = 1.0


SHORT = Ordeal(jobs=250, seconds=5)
LONG = Ordeal(jobs=2000, seconds=45)


class Strike(NamedTuple):
    """What was done to one worker, and the jobs that it held."""

    kind: str
    at: datetime
    hit: Sequence[UUID]


class Outcome(NamedTuple):
    """What was broken, and figures."""

    broken: Sequence[str]
    """A sentence for each promise that was not kept."""
    jobs: int
    seconds: float
    strikes: Mapping[str, int]
    """By kind: kills, freezes and crashes of the database."""
    hit: int
    """Attempts that were under way in a worker when it was struck."""
    lost: int
    """Attempts that another worker had to take over, or that were the last."""
    repeats: int
    """Submits that were sent again."""
    attempts: Mapping[int, int]
    """How many jobs had so many attempts."""
    missed: Sequence[float]
    """Seconds from a strike until the job of a worker that was hit waits for another, in order."""
    recovered: Sequence[float]
    """Seconds from a strike until such a job was begun again, in order; others must have a place for it."""


def undergo(ordeal: Ordeal, url: str, server: PostgresServer | None = None) -> Outcome:
    """Run the jobs in a new database, and its server through crashes where it is given."""
    start = time.monotonic()
    with (
        closing(Database(url)) as database,
        Fleet(url, workers=ordeal.workers, lease_seconds=ordeal.lease_seconds) as fleet,
    ):
        migrate(database)
        fleet.wait_until_at_work()
        submitter = Submitter(url, jobs=ordeal.jobs, seconds=ordeal.seconds, random=Random(f"{ordeal.seed}/jobs"))
        with ThreadPoolExecutor(1) as thread:
            submitting = thread.submit(submitter.run)
            try:
                torture = _Torture(ordeal, database, fleet, server)
                torture.run_until_all_ended(submitting)
            finally:
                submitter.stop()
        submitting.result()
        fleet.stop()
        evidence = read_evidence(database, submitter.answers)
    waits = list(_waits(evidence, torture.strikes))
    broken = [*fleet.complaints, *broken_promises(evidence)]
    if len(evidence.answers) != ordeal.jobs:
        broken.append(f"{len(evidence.answers)} of {ordeal.jobs} submits were answered")
    return Outcome(
        broken=broken,
        jobs=len(evidence.jobs),
        seconds=time.monotonic() - start,
        strikes=Counter(strike.kind for strike in torture.strikes),
        hit=sum(len(strike.hit) for strike in torture.strikes),
        lost=sum(_tells_of_a_loss(event) for log in evidence.logs.values() for event in log),
        repeats=submitter.repeats,
        attempts=Counter(job.attempts for job in evidence.jobs),
        missed=sorted(missed for missed, _ in waits),
        recovered=sorted(recovered for _, recovered in waits),
    )


class _Torture:
    """Strikes by the draws of its seed, at workers that hold jobs."""

    def __init__(self, ordeal: Ordeal, database: Database, fleet: Fleet, server: PostgresServer | None) -> None:
        self.strikes: list[Strike] = []
        self._ordeal = ordeal
        self._database = database
        self._fleet = fleet
        self._server = server
        self._random = Random(f"{ordeal.seed}/strikes")
        self._kinds = self._draw_kinds()
        self._strike_at = self._soon(_BETWEEN_STRIKES_SECONDS)
        self._crash_at = self._soon(_BETWEEN_CRASHES_SECONDS)

    def run_until_all_ended(self, submitting: Future[None]) -> None:
        """Return when every job has ended, or when none ends any more."""
        now = moved_at = time.monotonic()
        peace_at, left = now + self._ordeal.seconds, -1
        while (not submitting.done() or left) and now < moved_at + _STUCK_SECONDS:
            self._fleet.tend()
            if now < peace_at:
                self._strike_when_it_is_time(now)
            time.sleep(_GLANCE_SECONDS)
            now = time.monotonic()
            if left != (left := unfinished(self._database)):
                moved_at = now

    def _strike_when_it_is_time(self, now: float) -> None:
        if self._server is not None and now > self._crash_at:
            self.strikes.append(Strike(CRASH, datetime.now(UTC), ()))
            self._server.restart()
            self._crash_at = self._soon(_BETWEEN_CRASHES_SECONDS)
        if now > self._strike_at and self._strike():
            self._strike_at = self._soon(_BETWEEN_STRIKES_SECONDS)

    def _soon(self, between_seconds: tuple[float, float]) -> float:
        return time.monotonic() + self._random.uniform(*between_seconds)

    def _strike(self) -> bool:
        """Kill or freeze a worker; return False where none has jobs, or nobody else is there to take them over."""
        at_work = self._fleet.at_work
        busy = sorted(at_work & in_hand(self._database).keys())
        if not busy or len(at_work) == 1:
            return False
        kind, victim, at = next(self._kinds), self._random.choice(busy), datetime.now(UTC)
        if kind == KILL:
            self._fleet.kill(victim)
        else:
            self._fleet.freeze(victim, self._random.uniform(*_FROZEN_LEASES) * self._ordeal.lease_seconds)
        self.strikes.append(Strike(kind, at, in_hand(self._database).get(victim, ())))
        return True

    def _draw_kinds(self) -> Iterator[str]:
        yield from (FREEZE, KILL)  # one of each, however short the ordeal
        while True:
            yield self._random.choice((FREEZE, KILL))


def _waits(evidence: Evidence, strikes: Sequence[Strike]) -> Iterator[tuple[float, float]]:
    """Yield for each job that was taken over how long after the strike it was missed, and begun again."""
    for strike in strikes:
        for job_id in strike.hit:
            match [event for event in evidence.logs[job_id] if event.at > strike.at]:
                case [JobRetrying() as lost, JobStarted() as begun, *_] if _tells_of_a_loss(lost):
                    yield (lost.at - strike.at).total_seconds(), (begun.at - strike.at).total_seconds()


def _tells_of_a_loss(event: JobEvent) -> bool:
    return isinstance(event, JobRetrying | JobFailed) and event.error.code == _LOST
