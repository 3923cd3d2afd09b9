"""Every store against one model of what a store is: random histories, invariants after each step.

AIJOBS_TORTURE=1 runs many more and longer histories.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import LeaseLostError
from aijobs_sdk.contract.events import JobEvent, JobReleased, JobStarted, TerminalEvent
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus, NewJob, Priority
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Cancelled, Done, Fail, Lease, Outcome, Progress, Release, Retry, Store, Text
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop
from aijobs_sdk.stores.memory import MemoryStore

T = TypeVar("T")
TENANT = UUID(int=1)
LEASE_SECONDS = 30
LIMITS: dict[str, Any] = {"accepts": {"test_job": None}, "lease_seconds": LEASE_SECONDS, "hard_limit_seconds": 10_000}
ERROR = ErrorInfo(code="busy", category=ErrorCategory.PROVIDER, message="Busy.", retryable=True)
STORES: dict[str, Callable[[Clock], Store]] = {"memory": MemoryStore}
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [Done({}, Effects()), Retry(ERROR, 5.0), Fail(ERROR), Cancelled(), Release()]
)


class StoreMachine(RuleBasedStateMachine):
    """Workers, users and time do what they like; leases are remembered for ever, so that dead ones write too."""

    new_store: Callable[[Clock], Store]
    jobs = Bundle("jobs")
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=lambda: VirtualLoop(always=True))
        self.clock = VirtualClock()
        self.store = type(self).new_store(self.clock)
        self.live: dict[UUID, Lease] = {}
        """The lease that may write, by job."""
        self.expires: dict[UUID, Any] = {}

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(step)

    def now(self) -> Any:
        async def read() -> Any:
            return self.clock.now()

        return self.do(read())

    def events_of(self, job_id: UUID) -> list[JobEvent]:
        return self.do(self.store.events(TENANT, job_id, after=0))

    def all_jobs(self) -> list[Job]:
        return list(self.do(self.store.list_jobs(TENANT, JobQuery(limit=1000))).jobs)

    def holds(self, lease: Lease) -> bool:
        return self.live.get(lease.job_id) == lease

    def write(self, lease: Lease, step: Coroutine[Any, Any, object]) -> None:
        """A write with a live lease succeeds, one with any other is refused."""
        if self.holds(lease):
            self.do(step)
        else:
            with pytest.raises(LeaseLostError):
                self.do(step)

    @rule(target=jobs, priority=st.sampled_from(list(Priority)), max_attempts=st.integers(1, 3))
    def submit(self, priority: Priority, max_attempts: int) -> UUID:
        job = Job(
            id=uuid4(),
            tenant_id=TENANT,
            user_id=UUID(int=2),
            type="test_job",
            status=JobStatus.PENDING,
            priority=priority,
            payload={},
            max_attempts=max_attempts,
            created_at=self.now(),
        )
        self.do(self.store.create([NewJob(job=job, fingerprint="", draw_key="")]))
        return job.id

    @rule(target=leases, limit=st.integers(1, 3))
    def claim(self, limit: int) -> Any:
        claims = self.do(self.store.claim("worker", limit=limit, **LIMITS))
        for one in claims:
            assert one.job.id not in self.live
            self.live[one.job.id] = one.lease
            self.expires[one.job.id] = self.now() + timedelta(seconds=LEASE_SECONDS)
        return multiple(*(one.lease for one in claims))

    @rule(lease=leases)
    def append(self, lease: Lease) -> None:
        self.write(lease, self.store.append(lease, [Progress(50, "Half"), Text("text", 0)]))

    @rule(lease=leases, outcome=OUTCOMES)
    def finish(self, lease: Lease, outcome: Outcome) -> None:
        self.write(lease, self.store.finish(lease, outcome))
        if self.holds(lease):
            del self.live[lease.job_id]

    @rule(lease=leases)
    def heartbeat(self, lease: Lease) -> None:
        beat = self.do(self.store.heartbeat([lease], lease_seconds=LEASE_SECONDS))[lease]
        assert beat.lost is not self.holds(lease)
        if self.holds(lease):
            self.expires[lease.job_id] = self.now() + timedelta(seconds=LEASE_SECONDS)

    @rule(job_id=jobs)
    def cancel(self, job_id: UUID) -> None:
        before = self.do(self.store.get(TENANT, job_id))
        after = self.do(self.store.request_cancel(TENANT, job_id))
        assert after.is_final is not (before.status is JobStatus.PROCESSING)

    @rule(seconds=st.sampled_from([1, 10]))
    def let_time_pass(self, seconds: int) -> None:
        self.do(self.clock.sleep(seconds))

    @rule()
    def lose_every_worker(self) -> None:
        self.do(self.clock.sleep(LEASE_SECONDS + 1))
        self.reap()

    def reap(self) -> None:
        overdue = {job_id for job_id in self.live if self.expires[job_id] < self.now()}
        assert set(self.do(self.store.reap())) == overdue
        for job_id in overdue:
            del self.live[job_id]

    @invariant()
    def a_job_runs_exactly_while_somebody_holds_it(self) -> None:
        running = {job.id for job in self.all_jobs() if job.status is JobStatus.PROCESSING}
        assert running == set(self.live)

    @invariant()
    def logs_are_dense_and_end_with_the_one_terminal_event(self) -> None:
        for job in self.all_jobs():
            events = self.events_of(job.id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            ends = [event.seq for event in events if isinstance(event, TerminalEvent)]
            assert ends == ([len(events)] if job.is_final else [])

    @invariant()
    def no_job_starts_more_often_than_it_may(self) -> None:
        for job in self.all_jobs():
            events = self.events_of(job.id)
            starts = sum(isinstance(event, JobStarted) for event in events)
            released = sum(isinstance(event, JobReleased) for event in events)
            assert starts <= job.max_attempts + released

    def teardown(self) -> None:
        """Once nothing goes wrong any more, every job ends."""
        for lease in list(self.live.values()):
            self.do(self.store.finish(lease, Done({}, Effects())))
        self.do(self.clock.sleep(10))
        for one in self.do(self.store.claim("last", limit=1000, **LIMITS)):
            self.do(self.store.finish(one.lease, Done({}, Effects())))
        assert all(job.is_final for job in self.all_jobs())
        self.runner.close()


@pytest.mark.parametrize("name", list(STORES))
def test_a_store_behaves_like_the_model_whatever_happens(name: str) -> None:
    machine = type("Machine", (StoreMachine,), {"new_store": staticmethod(STORES[name])})
    torture = "AIJOBS_TORTURE" in os.environ
    examples, steps = (1000, 50) if torture else (100, 40)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
