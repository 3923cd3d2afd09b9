"""Every store against one reference: random histories, compared after each step.

AIJOBS_TORTURE=1 runs many more and longer histories.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import IdempotencyConflictError, JobNotFoundError, LeaseLostError
from aijobs_sdk.contract.events import JobReleased, JobStarted, TerminalEvent
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus, NewJob, Priority, Rate
from aijobs_sdk.contract.records import DeadLetterQuery, Document, Effects, UsageRow
from aijobs_sdk.contract.store import (
    NO_LIMITS,
    Accepts,
    Admission,
    Cancelled,
    Done,
    Fail,
    Lease,
    Outcome,
    Progress,
    Release,
    Retry,
    Taker,
    Text,
)
from aijobs_sdk.contract.usage_pages import place_of
from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock, VirtualLoop
from contract.places import InMemory, Place
from contract.reference import HARD_LIMIT_SECONDS, LEASE_SECONDS, Expected, Reference

T = TypeVar("T")
US, THEM = TENANTS = UUID(int=1), UUID(int=2)
LIMITS: dict[str, Any] = {"lease_seconds": LEASE_SECONDS, "hard_limit_seconds": HARD_LIMIT_SECONDS}
ALL_TYPES: Accepts = {"test_job": None, "other_job": None}
ACCEPTS: st.SearchStrategy[Accepts] = st.sampled_from(
    [ALL_TYPES, {"test_job": None}, {"test_job": 2, "other_job": None}, {"other_job": 1}]
)
ADMISSION = st.sampled_from(
    [NO_LIMITS, NO_LIMITS, Admission(max_active_jobs=3), Admission(rates={"other_job": Rate(jobs=2, seconds=60)})]
)
EVERYTHING: dict[str, Any] = {"since": EPOCH, "until": EPOCH + timedelta(days=10_000)}
TENANT = st.sampled_from(TENANTS)
KEY = st.sampled_from([None, None, "one", "two"])
DELAY = st.sampled_from([0, 0, 5, 3600])
AGE = st.sampled_from([0, 3600, 100_000])
ENDS = st.sampled_from(["done", "done", "retry", "retry", "fail", "cancelled", "release", "snooze"])


def an_error(number: int) -> ErrorInfo:
    message = f"Busy, for the {number}th time."
    return ErrorInfo(code="busy", category=ErrorCategory.PROVIDER, message=message, retryable=True)


def made_by(job: Job, now: datetime) -> Effects:
    document = Document(
        id=uuid4(),
        tenant_id=job.tenant_id,
        author_id=job.user_id,
        job_id=job.id,
        title="Title",
        content="Content",
        created_at=now,
    )
    usage = UsageRow(
        id=uuid4(),
        tenant_id=job.tenant_id,
        user_id=job.user_id,
        query_type="text_generation",
        model="m",
        provider="p",
        input_tokens=1,
        output_tokens=2,
        credits_used=Decimal("0.123456"),
        metadata={"job_id": str(job.id)},
        month_year="2026-01",
        created_at=now,
    )
    return Effects(documents=(document,), usage=(usage,))


class StoreMachine(RuleBasedStateMachine):
    """Workers, users and time do what they like; leases are remembered for ever, so that dead ones write too."""

    new_place: Callable[[], Place]
    jobs = Bundle("jobs")
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=lambda: VirtualLoop(always=True, threads_take_time=False))
        self.clock = VirtualClock()
        self.place = type(self).new_place()
        self.store = self.place.open(self.clock)
        self.reference = Reference()
        self.submitted: dict[UUID, Job] = {}
        self.offered: list[Document] = []
        """Documents of every completion, written or refused."""
        self.numbers = count(1)

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(step)

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.runner.get_loop().time())

    def new(self, tenant_id: UUID, *, delay: int = 0, fingerprint: str = "", **fields: Any) -> tuple[NewJob, Expected]:
        now = self.now()
        job = Job(
            id=uuid4(),
            tenant_id=tenant_id,
            user_id=UUID(int=3),
            status=JobStatus.PENDING,
            payload={"fingerprint": fingerprint},
            created_at=now,
            **{"type": "test_job", "priority": Priority.NORMAL} | fields,
        )
        run_at = now + timedelta(seconds=delay)
        new = NewJob(job=job, fingerprint=fingerprint, draw_key="", run_at=run_at if delay else None)
        return new, Expected(job, fingerprint, due_at=run_at)

    def outcome(self, kind: str, lease: Lease) -> Outcome:
        match kind:
            case "done":
                effects = made_by(self.submitted[lease.job_id], self.now())
                self.offered += effects.documents
                return Done({"kind": kind}, effects)
            case "retry":
                return Retry(an_error(next(self.numbers)), 5.0)
            case "fail":
                return Fail(an_error(next(self.numbers)))
            case "cancelled":
                return Cancelled()
            case _:
                return Release(delay_seconds=20 if kind == "snooze" else 0)

    @rule(
        target=jobs,
        tenant=TENANT,
        key=KEY,
        fingerprint=st.sampled_from(["this", "that"]),
        delay=DELAY,
        type=st.sampled_from(sorted(ALL_TYPES)),
        priority=st.sampled_from(list(Priority)),
        max_attempts=st.integers(1, 3),
        admission=ADMISSION,
    )
    def submit(
        self, tenant: UUID, key: str | None, fingerprint: str, delay: int, admission: Admission, **fields: Any
    ) -> Any:
        new, expected = self.new(tenant, fingerprint=fingerprint, delay=delay, idempotency_key=key, **fields)
        holder = self.reference.holder(new.job, self.now())
        if holder is not None and holder.fingerprint != fingerprint:
            with pytest.raises(IdempotencyConflictError):
                self.do(self.store.create([new], admission=admission))
            return multiple()
        refusal = None if holder else self.reference.refusal(new.job, admission, self.now())
        if refusal is not None:
            with pytest.raises(refusal):
                self.do(self.store.create([new], admission=admission))
            return multiple()
        [job] = self.do(self.store.create([new], admission=admission)).jobs
        assert job.id == (new if holder is None else holder).job.id
        if holder is None:
            self.reference.submit(expected)
        self.submitted[job.id] = job
        return job.id

    @rule(
        target=leases,
        tenant=TENANT,
        batch=st.lists(
            st.tuples(st.sampled_from(list(Priority)), DELAY, st.sampled_from(sorted(ALL_TYPES))), max_size=4
        ),
        types=st.sets(st.sampled_from(sorted(ALL_TYPES))),
        limit=st.integers(1, 3),
    )
    def submit_to_a_worker(
        self, tenant: UUID, batch: list[tuple[Priority, int, str]], types: set[str], limit: int
    ) -> Any:
        new = [self.new(tenant, priority=rank, delay=delay, type=name) for rank, delay, name in batch]
        taker = Taker("worker", types, limit, **LIMITS)
        created = self.do(self.store.create([one for one, _ in new], taker=taker))
        for _, expected in new:
            self.reference.submit(expected)
        taken = self.reference.take([expected for _, expected in new], types, limit, self.now())
        assert {one.lease for one in created.claims} == {Lease(one.job.id, one.fence) for one in taken}
        assert [job.id for job in created.jobs] == [one.job.id for one, _ in new]
        self.submitted |= {job.id: job for job in created.jobs}
        return multiple(*(one.lease for one in created.claims))

    @rule(target=jobs, tenant=TENANT, job_id=jobs)
    def replay(self, tenant: UUID, job_id: UUID) -> UUID:
        new, expected = self.new(tenant, replay_of=job_id)
        [job] = self.do(self.store.create([new])).jobs
        self.reference.submit(expected)
        self.submitted[job.id] = job
        return job.id

    @rule(target=leases, limit=st.integers(1, 3), accepts=ACCEPTS)
    def claim(self, limit: int, accepts: Accepts = ALL_TYPES) -> Any:
        claims = self.do(self.store.claim("worker", accepts, limit=limit, **LIMITS))
        expected = self.reference.claim(limit, accepts, self.now())
        assert [one.lease for one in claims] == [Lease(one.job.id, one.fence) for one in expected]
        return multiple(*(one.lease for one in claims))

    @rule(lease=leases)
    def append(self, lease: Lease) -> None:
        writing = self.store.append(lease, [Progress(50, "Half"), Text("text", 0)])
        if self.reference.held(lease):
            self.do(writing)
        else:
            with pytest.raises(LeaseLostError):
                self.do(writing)

    @rule(lease=leases, kind=ENDS)
    def finish(self, lease: Lease, kind: str) -> None:
        self.say(lease, self.outcome(kind, lease))

    @rule(lease=leases)
    def finish_as_before(self, lease: Lease) -> None:
        one = self.reference.jobs.get(lease.job_id)
        if one is not None and one.ended_by is not None:
            self.say(lease, one.ended_by)

    def say(self, lease: Lease, outcome: Outcome) -> None:
        """End an attempt; one that has ended in this way already stays as it is, and any other is refused."""
        if one := self.reference.held(lease):
            self.do(self.store.finish(lease, outcome))
            self.reference.finish(one, outcome, self.now())
        elif one := self.reference.said_before(lease, outcome):
            assert self.do(self.store.finish(lease, outcome)) == self.do(self.store.get(one.job.tenant_id, one.job.id))
        else:
            with pytest.raises(LeaseLostError):
                self.do(self.store.finish(lease, outcome))

    @rule(lease=leases)
    def heartbeat(self, lease: Lease) -> None:
        beat = self.do(self.store.heartbeat([lease], lease_seconds=LEASE_SECONDS))[lease]
        one = self.reference.held(lease)
        assert beat.lost is (one is None)
        if one is not None:
            assert beat.cancel_requested is one.to_be_cancelled
            one.keep(self.now())

    @rule(job_id=jobs)
    def cancel(self, job_id: UUID) -> None:
        tenant_id = self.submitted[job_id].tenant_id
        if one := self.reference.jobs.get(job_id):
            self.do(self.store.request_cancel(tenant_id, job_id))
            self.reference.cancel(one, self.now())
        else:
            with pytest.raises(JobNotFoundError):
                self.do(self.store.request_cancel(tenant_id, job_id))

    @rule(job_id=jobs)
    def pry(self, job_id: UUID) -> None:
        """What is another tenant's reads as not there."""
        other = US if self.submitted[job_id].tenant_id == THEM else THEM
        for asking in (
            self.store.get(other, job_id),
            self.store.request_cancel(other, job_id),
            self.store.events(other, job_id, after=0),
        ):
            with pytest.raises(JobNotFoundError):
                self.do(asking)
        assert self.do(self.store.dead_letter(other, job_id)) is None

    @rule(seconds=st.sampled_from([1, 10, 25, 3600, 100_000]))
    def let_time_pass(self, seconds: int) -> None:
        self.do(self.clock.sleep(seconds))

    @rule(seconds=st.sampled_from([0, LEASE_SECONDS]))
    def reap(self, seconds: int) -> None:
        self.do(self.clock.sleep(seconds))
        assert {job.id for job in self.do(self.store.reap())} == self.reference.reap(self.now())

    @rule(seconds=st.sampled_from([0, 3600, 100_000]))
    def purge_jobs(self, seconds: int) -> None:
        before = self.now() - timedelta(seconds=seconds)
        purged = self.do(self.store.purge_jobs(finished_before=before))
        assert purged == self.reference.purge_jobs(before, self.now())

    @rule(tenant=TENANT, seconds=AGE)
    def purge_dead_letters(self, tenant: UUID, seconds: int) -> None:
        before = self.now() - timedelta(seconds=seconds)
        purged = self.do(self.store.purge_dead_letters(tenant, failed_before=before))
        assert purged == self.reference.purge_letters(tenant, before)

    @rule()
    def restart(self) -> None:
        self.do(self.store.aclose())
        self.store = self.place.open(self.clock)

    @invariant()
    def all_is_as_expected(self) -> None:
        self.do(self.compare())  # one call for all of them: starting the loop is what takes the time

    async def compare(self) -> None:
        await self.each_tenant_sees_its_jobs_as_they_stand()
        await self.logs_are_dense_and_end_with_the_one_terminal_event()
        await self.usage_is_what_completed_jobs_left()
        await self.there_is_a_dead_letter_for_each_failed_job_and_no_other()

    async def each_tenant_sees_its_jobs_as_they_stand(self) -> None:
        for tenant in TENANTS:
            page = await self.store.list_jobs(tenant, JobQuery(limit=1000))
            seen = [(job.id, job.status, job.attempts, job.cancelled()) for job in page.jobs]
            assert seen == [one.seen for one in self.reference.jobs_of(tenant)]

    async def logs_are_dense_and_end_with_the_one_terminal_event(self) -> None:
        for one in self.reference.jobs.values():
            events = await self.store.events(one.job.tenant_id, one.job.id, after=0)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            ends = [event.seq for event in events if isinstance(event, TerminalEvent)]
            assert ends == ([] if one.ended_at is None else [len(events)])
            starts = sum(isinstance(event, JobStarted) for event in events)
            released = sum(isinstance(event, JobReleased) for event in events)
            assert starts <= one.job.max_attempts + released

    async def usage_is_what_completed_jobs_left(self) -> None:
        for tenant in TENANTS:
            found = await self.store.usage(tenant, **EVERYTHING)
            left = [row for row in self.reference.usage if row.tenant_id == tenant]
            assert list(found) == sorted(left, key=place_of)

    async def there_is_a_dead_letter_for_each_failed_job_and_no_other(self) -> None:
        for tenant in TENANTS:
            found = await self.store.dead_letters(tenant, DeadLetterQuery(limit=1000))
            letters = {one.job_id: (one.failed_at, one.replayed_as) for one in found}
            expected = {
                job_id: (letter.failed_at, letter.replayed_as)
                for job_id, letter in self.reference.letters.items()
                if letter.tenant_id == tenant
            }
            assert (len(found), letters) == (len(expected), expected)

    def teardown(self) -> None:
        """Once nothing goes wrong any more every job ends, and the next process finds all as it was left."""
        self.reap(3600)
        self.claim(1000)
        while running := [one for one in self.reference.jobs.values() if one.stands == "running"]:
            for one in running:
                lease = Lease(one.job.id, one.fence)
                self.say(lease, self.outcome("done", lease))
            self.claim(1000)
        self.restart()
        self.all_is_as_expected()
        assert all(one.ended_at for one in self.reference.jobs.values())
        found = [self.do(self.store.document(one.tenant_id, one.id)) for one in self.offered]
        assert [one for one in found if one is not None] == self.reference.documents
        self.do(self.store.aclose())
        self.runner.close()


@pytest.mark.timeout(1800)
def test_a_store_behaves_like_the_reference_whatever_happens(new_place: Callable[[], Place]) -> None:
    machine = type("Machine", (StoreMachine,), {"new_place": staticmethod(new_place)})
    torture = 20 if "AIJOBS_TORTURE" in os.environ else 1
    examples = 200 if new_place is InMemory else 20
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples * torture,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
