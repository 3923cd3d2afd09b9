"""What every store promises, however it keeps its jobs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import IdempotencyConflictError, InvalidRequestError, JobNotFoundError, LeaseLostError
from aijobs_sdk.contract.events import JobCompleted, JobRetrying, TextDelta
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus, NewJob, Priority
from aijobs_sdk.contract.records import Document, Effects, LineageEvent, UsageRow
from aijobs_sdk.contract.store import Cancelled, Claim, Done, Fail, Progress, Release, Retry, Store, Text

pytestmark = pytest.mark.anyio

US, THEM = UUID(int=1), UUID(int=2)
PASSING = ErrorInfo(code="busy", category=ErrorCategory.PROVIDER, message="Busy.", retryable=True, attempt=1)
LASTING = ErrorInfo(code="no", category=ErrorCategory.PROVIDER, message="No.", attempt=1)
DONE = Done({"answer": 42}, Effects())


def new_job(clock: Clock, *, fingerprint: str = "same", **fields: Any) -> NewJob:
    job = {
        "id": uuid4(),
        "tenant_id": US,
        "user_id": UUID(int=10),
        "type": "test_job",
        "status": JobStatus.PENDING,
        "priority": Priority.NORMAL,
        "payload": {},
        "created_at": clock.now(),
    }
    return NewJob(job=Job(**(job | fields)), fingerprint=fingerprint, draw_key="1")


async def create(store: Store, clock: Clock, **fields: Any) -> Job:
    [job] = await store.create([new_job(clock, **fields)])
    return job


async def claim(store: Store, worker: str = "w1") -> Claim:
    [claimed] = await store.claim(worker, limit=1, lease_seconds=30)
    return claimed


async def test_a_created_job_reads_back_as_pending(store: Store, clock: Clock) -> None:
    job = await create(store, clock, payload={"max_tokens": 5})
    read = await store.get(US, job.id)
    assert (read.status, read.progress, read.attempts) == (JobStatus.PENDING, 0, 0)
    assert read.payload == {"max_tokens": 5}


async def test_another_tenants_job_reads_as_not_found(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    with pytest.raises(JobNotFoundError):
        await store.get(THEM, job.id)
    with pytest.raises(JobNotFoundError):
        await store.events(THEM, job.id, after=0)
    with pytest.raises(JobNotFoundError):
        await store.request_cancel(THEM, job.id)


async def test_the_same_key_and_work_return_the_first_job(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    again = await create(store, clock, idempotency_key="k")
    assert again.id == first.id


async def test_a_key_outlives_its_job(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    await store.finish((await claim(store)).lease, DONE)
    again = await create(store, clock, idempotency_key="k")
    assert (again.id, again.status) == (first.id, JobStatus.COMPLETED)


async def test_a_key_belongs_to_its_tenant(store: Store, clock: Clock) -> None:
    ours = await create(store, clock, idempotency_key="k")
    theirs = await create(store, clock, idempotency_key="k", tenant_id=THEM, fingerprint="other")
    assert theirs.id != ours.id


async def test_a_key_repeated_within_one_call_makes_one_job(store: Store, clock: Clock) -> None:
    first, second = await store.create([new_job(clock, idempotency_key="k") for _ in range(2)])
    assert first.id == second.id


async def test_a_conflicting_key_inserts_nothing_of_the_call(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    others = [new_job(clock), new_job(clock, idempotency_key="k", fingerprint="other")]
    with pytest.raises(IdempotencyConflictError) as conflict:
        await store.create(others)
    assert conflict.value.job_id == first.id
    assert len((await store.list_jobs(US, JobQuery())).jobs) == 1


async def test_jobs_are_claimed_by_priority_then_by_age(store: Store, clock: Clock) -> None:
    low, normal, later, high = [
        await create(store, clock, priority=priority)
        for priority in (Priority.LOW, Priority.NORMAL, Priority.NORMAL, Priority.HIGH)
    ]
    claims = await store.claim("w1", limit=10, lease_seconds=30)
    assert [one.job.id for one in claims] == [high.id, normal.id, later.id, low.id]


async def test_a_claim_counts_an_attempt_and_names_its_worker(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store, "w1")
    job = claimed.job
    assert (job.status, job.attempts, job.worker_id) == (JobStatus.PROCESSING, 1, "w1")
    assert job.started_at == clock.now()
    assert job.task_id


async def test_a_job_is_claimed_once(store: Store, clock: Clock) -> None:
    await create(store, clock)
    await claim(store, "w1")
    assert await store.claim("w2", limit=1, lease_seconds=30) == []


async def test_a_claim_takes_no_more_than_its_limit(store: Store, clock: Clock) -> None:
    await store.create([new_job(clock) for _ in range(5)])
    assert len(await store.claim("w1", limit=2, lease_seconds=30)) == 2


async def test_waiting_for_work_ends_when_a_job_is_created(store: Store, clock: Clock) -> None:
    waiting = asyncio.create_task(store.wait_claimable())
    await clock.sleep(5)
    assert not waiting.done()
    await create(store, clock)
    await asyncio.wait_for(waiting, timeout=1)


async def test_the_log_is_numbered_without_gaps_and_ends_with_the_end(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    await store.append(lease, [Progress(10, "Ten"), Text("Hel", 0), Text("lo", 3)])
    await store.finish(lease, DONE)
    events = await store.events(US, job.id, after=0)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.kind for event in events] == ["accepted", "started", "progress", "delta", "delta", "completed"]


async def test_a_reader_goes_on_where_it_stopped(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    await store.append(lease, [Text("a", 0), Text("b", 1)])
    [last] = await store.events(US, job.id, after=3)
    assert isinstance(last, TextDelta)
    assert (last.text, last.offset, last.attempt) == ("b", 1, 1)
    assert await store.events(US, job.id, after=4) == []
    assert len(await store.events(US, job.id, after=0, limit=2)) == 2


async def test_progress_shows_in_the_job(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await store.append((await claim(store)).lease, [Progress(40, "Rendering...")])
    read = await store.get(US, job.id)
    assert (read.progress, read.message, read.status) == (40, "Rendering...", JobStatus.PROCESSING)


async def test_waiting_for_events_ends_with_the_next_one(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await asyncio.wait_for(store.wait_events(job.id, after=0), timeout=1)
    waiting = asyncio.create_task(store.wait_events(job.id, after=1))
    await clock.sleep(5)
    assert not waiting.done()
    await claim(store)
    await asyncio.wait_for(waiting, timeout=1)


async def test_a_completed_job_keeps_its_result_and_never_moves_again(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    done = await store.finish(lease, DONE)
    assert (done.status, done.result, done.progress) == (JobStatus.COMPLETED, {"answer": 42}, 100)
    assert done.completed_at == clock.now()
    with pytest.raises(LeaseLostError):
        await store.finish(lease, Fail(LASTING))
    with pytest.raises(LeaseLostError):
        await store.append(lease, [Progress(1, "late")])
    assert await store.request_cancel(US, job.id) == done


async def test_a_failed_job_keeps_its_error(store: Store, clock: Clock) -> None:
    await create(store, clock)
    failed = await store.finish((await claim(store)).lease, Fail(LASTING))
    assert (failed.status, failed.error, failed.result) == (JobStatus.FAILED, LASTING, None)
    assert not failed.cancelled()


async def test_a_retry_waits_out_its_delay(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    began = clock.now()
    waiting = await store.finish((await claim(store)).lease, Retry(PASSING, delay_seconds=20))
    assert waiting.status is JobStatus.PENDING
    assert await store.claim("w1", limit=1, lease_seconds=30) == []
    await store.wait_claimable()
    assert clock.now() - began >= timedelta(seconds=20)
    assert (await claim(store)).job.attempts == 2
    retrying = (await store.events(US, job.id, after=2))[0]
    assert isinstance(retrying, JobRetrying)
    assert (retrying.error, retrying.retry_at) == (PASSING, began + timedelta(seconds=20))


async def test_a_released_attempt_does_not_count(store: Store, clock: Clock) -> None:
    await create(store, clock)
    first = await claim(store)
    released = await store.finish(first.lease, Release())
    assert (released.status, released.attempts) == (JobStatus.PENDING, 0)
    second = await claim(store)
    assert second.job.attempts == 1
    assert second.lease.fence > first.lease.fence


async def test_a_cancelled_pending_job_never_starts(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    cancelled = await store.request_cancel(US, job.id)
    assert cancelled.cancelled()
    assert cancelled.error is not None
    assert cancelled.error.code == "cancelled"
    assert await store.claim("w1", limit=1, lease_seconds=30) == []


async def test_a_running_job_is_cancelled_by_the_worker_that_holds_it(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    assert (await store.request_cancel(US, job.id)).status is JobStatus.PROCESSING
    beat = (await store.heartbeat([lease], lease_seconds=30))[lease]
    assert (beat.lost, beat.cancel_requested) == (False, True)
    assert (await store.finish(lease, Cancelled())).cancelled()


async def test_asking_twice_to_cancel_is_asking_once(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await claim(store)
    await store.request_cancel(US, job.id)
    await store.request_cancel(US, job.id)
    kinds = [event.kind for event in await store.events(US, job.id, after=0)]
    assert kinds == ["accepted", "started", "cancel_requested"]


@pytest.mark.parametrize("outcome", [Retry(PASSING, 5), Release()])
async def test_nothing_runs_again_that_was_to_be_cancelled(
    store: Store, clock: Clock, outcome: Retry | Release
) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    await store.request_cancel(US, job.id)
    assert (await store.finish(lease, outcome)).cancelled()


async def test_a_silent_workers_job_is_run_again_and_its_late_writes_are_refused(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    zombie = (await claim(store, "w1")).lease
    await clock.sleep(31)
    assert await store.reap() == [job.id]
    heir = await claim(store, "w2")
    with pytest.raises(LeaseLostError):
        await store.finish(zombie, DONE)
    with pytest.raises(LeaseLostError):
        await store.append(zombie, [Text("late", 0)])
    assert (await store.heartbeat([zombie], lease_seconds=30))[zombie].lost
    assert (heir.job.attempts, (await store.get(US, job.id)).worker_id) == (2, "w2")


async def test_a_heartbeat_keeps_a_lease_alive(store: Store, clock: Clock) -> None:
    await create(store, clock)
    lease = (await claim(store)).lease
    await clock.sleep(29)
    assert not (await store.heartbeat([lease], lease_seconds=30))[lease].lost
    await clock.sleep(29)
    assert await store.reap() == []


async def test_a_job_that_kills_its_workers_fails_when_its_attempts_are_spent(store: Store, clock: Clock) -> None:
    job = await create(store, clock, max_attempts=1)
    await claim(store)
    await clock.sleep(31)
    await store.reap()
    failed = await store.get(US, job.id)
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error.code == "worker_lost"


async def test_a_lost_job_that_was_to_be_cancelled_is_cancelled(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await claim(store)
    await store.request_cancel(US, job.id)
    await clock.sleep(31)
    await store.reap()
    assert (await store.get(US, job.id)).cancelled()


def effects(clock: Clock, job: Job) -> Effects:
    document = Document(
        id=uuid4(), tenant_id=US, author_id=job.user_id, job_id=job.id, title="T", content="C", created_at=clock.now()
    )
    lineage = LineageEvent(
        id=uuid4(),
        tenant_id=US,
        document_id=document.id,
        job_id=job.id,
        model="m",
        provider="p",
        prompt_length=1,
        output_length=1,
        actor_id=job.user_id,
        at=clock.now(),
    )
    usage = UsageRow(
        id=uuid4(),
        tenant_id=US,
        user_id=job.user_id,
        query_type="text_generation",
        model="m",
        provider="p",
        input_tokens=1,
        output_tokens=2,
        credits_used=Decimal("0.123456"),
        month_year="2026-01",
        created_at=clock.now(),
    )
    return Effects(documents=(document,), lineage=(lineage,), usage=(usage,))


async def usage_of(store: Store, tenant: UUID) -> list[UsageRow]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return list(await store.usage(tenant, since=start, until=start + timedelta(days=31)))


async def test_effects_come_with_the_completion(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store)
    made = effects(clock, claimed.job)
    await store.finish(claimed.lease, Done({}, made))
    [document], [lineage], [usage] = made.documents, made.lineage, made.usage
    assert await store.document(US, document.id) == document
    assert list(await store.lineage(US, document.id)) == [lineage]
    assert await usage_of(store, US) == [usage]


async def test_a_refused_completion_leaves_no_effects(store: Store, clock: Clock) -> None:
    await create(store, clock)
    zombie = await claim(store)
    await clock.sleep(31)
    await store.reap()
    made = effects(clock, zombie.job)
    with pytest.raises(LeaseLostError):
        await store.finish(zombie.lease, Done({}, made))
    assert await store.document(US, made.documents[0].id) is None
    assert await usage_of(store, US) == []


async def test_what_a_job_left_behind_belongs_to_its_tenant(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store)
    made = effects(clock, claimed.job)
    await store.finish(claimed.lease, Done({}, made))
    assert await store.document(THEM, made.documents[0].id) is None
    assert list(await store.lineage(THEM, made.documents[0].id)) == []
    assert await usage_of(store, THEM) == []


async def test_a_span_of_usage_holds_its_start_and_not_its_end(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store)
    await store.finish(claimed.lease, Done({}, effects(clock, claimed.job)))
    now = clock.now()
    assert len(await store.usage(US, since=now, until=now + timedelta(seconds=1))) == 1
    assert len(await store.usage(US, since=now - timedelta(seconds=1), until=now)) == 0


async def test_pages_hold_every_job_once_newest_first(store: Store, clock: Clock) -> None:
    jobs = await store.create([new_job(clock) for _ in range(5)])
    first = await store.list_jobs(US, JobQuery(limit=2))
    await create(store, clock)  # a job that comes between two pages moves nothing
    second = await store.list_jobs(US, JobQuery(limit=2, cursor=first.next_cursor))
    third = await store.list_jobs(US, JobQuery(limit=2, cursor=second.next_cursor))
    listed = [job.id for page in (first, second, third) for job in page.jobs]
    assert listed == [job.id for job in reversed(jobs)]
    assert third.next_cursor is None


async def test_a_list_can_be_narrowed(store: Store, clock: Clock) -> None:
    await create(store, clock)
    await claim(store)
    waiting = await create(store, clock, type="other")
    await create(store, clock, tenant_id=THEM, type="other")
    page = await store.list_jobs(US, JobQuery(status=JobStatus.PENDING, type="other"))
    assert [job.id for job in page.jobs] == [waiting.id]


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "999999"])
async def test_a_cursor_that_is_none_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match="cursor"):
        await store.list_jobs(US, JobQuery(cursor=cursor))


async def test_the_last_event_of_a_job_is_terminal(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await store.finish((await claim(store)).lease, DONE)
    last = (await store.events(US, job.id, after=0))[-1]
    assert isinstance(last, JobCompleted)
    assert last.update() == {"status": "completed", "progress": 100, "message": "Completed"}
