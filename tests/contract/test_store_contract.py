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
from aijobs_sdk.contract.job import Job, JobQuery, JobStatus, Priority
from aijobs_sdk.contract.records import DeadLetterQuery, Document, Effects, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.store import Cancelled, Claim, Done, Fail, Outcome, Progress, Release, Retry, Store, Text
from contract.new_jobs import THEM, US, new_job

pytestmark = pytest.mark.anyio

PASSING = ErrorInfo(code="busy", category=ErrorCategory.PROVIDER, message="Busy.", retryable=True, attempt=1)
LASTING = ErrorInfo(code="no", category=ErrorCategory.PROVIDER, message="No.", attempt=1)
ANY = {"test_job": None, "other": None}
LIMITS: dict[str, Any] = {"accepts": ANY, "lease_seconds": 30, "hard_limit_seconds": 330}
DONE = Done({"answer": 42}, Effects())


async def create(store: Store, clock: Clock, **fields: Any) -> Job:
    [job] = (await store.create([new_job(clock, **fields)])).jobs
    return job


async def claim(store: Store, worker: str = "w1") -> Claim:
    [claimed] = await store.claim(worker, limit=1, **LIMITS)
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
    first, second = (await store.create([new_job(clock, idempotency_key="k") for _ in range(2)])).jobs
    assert first.id == second.id


async def test_a_conflicting_key_inserts_nothing_of_the_call(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    others = [new_job(clock), new_job(clock, idempotency_key="k", fingerprint="other")]
    with pytest.raises(IdempotencyConflictError) as conflict:
        await store.create(others)
    assert conflict.value.job_id == first.id
    assert len((await store.list_jobs(US, JobQuery())).jobs) == 1


async def test_two_jobs_of_one_call_that_differ_cannot_have_one_key(store: Store, clock: Clock) -> None:
    """No job is named that holds the key: there is none, as nothing was stored."""
    two = [new_job(clock, idempotency_key="k", fingerprint=one) for one in ("one", "other")]
    with pytest.raises(InvalidRequestError, match="`requests` have the idempotency key 'k' twice"):
        await store.create(two)
    assert (await store.list_jobs(US, JobQuery())).jobs == ()


async def test_jobs_are_claimed_by_priority_then_by_age(store: Store, clock: Clock) -> None:
    low, normal, later, high = [
        await create(store, clock, priority=priority)
        for priority in (Priority.LOW, Priority.NORMAL, Priority.NORMAL, Priority.HIGH)
    ]
    claims = await store.claim("w1", limit=10, **LIMITS)
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
    assert await store.claim("w2", limit=1, **LIMITS) == []


async def test_a_claim_takes_no_more_than_its_limit(store: Store, clock: Clock) -> None:
    await store.create([new_job(clock) for _ in range(5)])
    assert len(await store.claim("w1", limit=2, **LIMITS)) == 2


async def test_waiting_for_work_ends_when_a_job_is_created(store: Store, clock: Clock) -> None:
    waiting = asyncio.create_task(store.wait_claimable(ANY))
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


async def test_each_of_several_readers_of_a_job_hears_of_every_event(store: Store, clock: Clock) -> None:
    job = await create(store, clock)

    async def read_to(last: int) -> None:
        for seen in range(1, last):
            await store.wait_events(job.id, after=seen)

    readers = [asyncio.create_task(read_to(4)) for _ in range(3)]
    await clock.sleep(1)
    lease = (await claim(store)).lease
    await store.append(lease, [Progress(40, "Half of it")])
    await clock.sleep(1)
    await store.finish(lease, DONE)
    await asyncio.wait_for(asyncio.gather(*readers), timeout=5)


async def test_waiting_for_the_end_returns_the_job_as_it_ended(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    waiting = [asyncio.create_task(store.ended(US, job.id)) for _ in range(3)]
    await clock.sleep(5)
    lease = (await claim(store)).lease
    await store.append(lease, [Progress(40, "Half of it")])
    await clock.sleep(5)
    assert not any(one.done() for one in waiting)
    done = await store.finish(lease, DONE)
    assert await asyncio.wait_for(asyncio.gather(*waiting), timeout=5) == [done, done, done]
    assert await store.ended(US, job.id) == done


async def test_whoever_waits_for_the_end_and_leaves_disturbs_no_one_else(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    waiting, leaving = (asyncio.create_task(store.ended(US, job.id)) for _ in range(2))
    await clock.sleep(1)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert (await store.request_cancel(US, job.id)).cancelled()
    assert (await asyncio.wait_for(waiting, timeout=5)).cancelled()


async def test_nobody_waits_for_the_end_of_anothers_job(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    with pytest.raises(JobNotFoundError):
        await store.ended(THEM, job.id)
    with pytest.raises(JobNotFoundError):
        await store.ended(US, uuid4())


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
    assert await store.claim("w1", limit=1, **LIMITS) == []
    await store.wait_claimable(ANY)
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
    assert await store.claim("w1", limit=1, **LIMITS) == []


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
    assert await store.reap() == [await store.get(US, job.id)]
    heir = await claim(store, "w2")
    with pytest.raises(LeaseLostError):
        await store.finish(zombie, DONE)
    with pytest.raises(LeaseLostError):
        await store.append(zombie, [Text("late", 0)])
    assert (await store.heartbeat([zombie], lease_seconds=30))[zombie].lost
    assert (heir.job.attempts, (await store.get(US, job.id)).worker_id) == (2, "w2")


async def test_whoever_waits_for_work_takes_over_from_a_worker_that_died(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await claim(store, "w1")
    assert await store.claim("w2", limit=1, **LIMITS) == []
    async with asyncio.timeout(31):
        assert not await store.wait_claimable(ANY)
        assert [one.id for one in await store.reap()] == [job.id]
        assert await store.wait_claimable(ANY)
    assert (await claim(store, "w2")).job.attempts == 2


async def test_waiting_for_work_goes_on_while_the_worker_lives(store: Store, clock: Clock) -> None:
    await create(store, clock)
    lease = (await claim(store)).lease
    assert await store.claim("w2", limit=1, **LIMITS) == []
    waiting = asyncio.create_task(store.wait_claimable(ANY))
    await clock.sleep(20)
    await store.heartbeat([lease], lease_seconds=30)
    await clock.sleep(29)
    assert not waiting.done()
    waiting.cancel()


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


async def test_what_the_log_lacked_comes_before_the_end(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    claimed = await claim(store)
    await store.append(claimed.lease, [Text("Hel", 0)])
    await store.finish(claimed.lease, Done({}, Effects(), [Text("lo", 3), Progress(95, "Saved")]))
    events = await store.events(US, job.id, after=0)
    assert [event.kind for event in events[2:]] == ["delta", "delta", "progress", "completed"]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]


async def test_a_completion_said_twice_writes_the_rest_of_the_log_once(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    claimed = await claim(store)
    done = Done({}, Effects(), [Text("Hello", 0)])
    first, second = await store.finish(claimed.lease, done), await store.finish(claimed.lease, done)
    assert first == second
    assert len(await store.events(US, job.id, after=0)) == 4


async def test_a_refused_completion_leaves_no_effects(store: Store, clock: Clock) -> None:
    await create(store, clock)
    zombie = await claim(store)
    await clock.sleep(31)
    await store.reap()
    made = effects(clock, zombie.job)
    with pytest.raises(LeaseLostError):
        await store.finish(zombie.lease, Done({}, made, [Text("late", 0)]))
    assert "delta" not in [event.kind for event in await store.events(US, zombie.job.id, after=0)]
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
    jobs = (await store.create([new_job(clock) for _ in range(5)])).jobs
    first = await store.list_jobs(US, JobQuery(limit=2))
    await create(store, clock)  # a job that comes between two pages moves nothing
    second = await store.list_jobs(US, JobQuery(limit=2, cursor=first.next_cursor))
    third = await store.list_jobs(US, JobQuery(limit=2, cursor=second.next_cursor))
    listed = [job.id for page in (first, second, third) for job in page.jobs]
    assert listed == [job.id for job in reversed(jobs)]
    assert third.next_cursor is None


async def test_a_page_of_ids_is_that_of_the_jobs(store: Store, clock: Clock) -> None:
    await store.create([new_job(clock, type=("test_job", "other")[n % 2]) for n in range(6)])
    wanted = JobQuery(type="other", limit=2)
    first, ids = await store.list_jobs(US, wanted), await store.list_ids(US, wanted)
    assert (ids.ids, ids.next_cursor) == (tuple(job.id for job in first.jobs), first.next_cursor)
    rest = wanted.replace(cursor=first.next_cursor)
    last, ids = await store.list_jobs(US, rest), await store.list_ids(US, rest)
    assert (ids.ids, ids.next_cursor) == ((last.jobs[0].id,), None)


async def test_a_list_can_be_narrowed(store: Store, clock: Clock) -> None:
    await create(store, clock)
    await claim(store)
    waiting = await create(store, clock, type="other")
    await create(store, clock, tenant_id=THEM, type="other")
    page = await store.list_jobs(US, JobQuery(status=JobStatus.PENDING, type="other"))
    assert [job.id for job in page.jobs] == [waiting.id]


@pytest.mark.parametrize("cursor", ["nonsense", "-1", "999999", pytest.param("9" * 5000, id="long")])
async def test_a_cursor_that_is_none_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match="cursor"):
        await store.list_jobs(US, JobQuery(cursor=cursor))
    with pytest.raises(InvalidRequestError, match="cursor"):
        await store.list_ids(US, JobQuery(cursor=cursor))


async def test_the_last_event_of_a_job_is_terminal(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    await store.finish((await claim(store)).lease, DONE)
    last = (await store.events(US, job.id, after=0))[-1]
    assert isinstance(last, JobCompleted)
    assert last.update() == {"status": "completed", "progress": 100, "message": "Completed"}


async def test_a_job_for_later_waits_for_its_instant(store: Store, clock: Clock) -> None:
    later = clock.now() + timedelta(hours=3)
    [job] = (await store.create([new_job(clock)._replace(run_at=later)])).jobs
    assert job.status is JobStatus.PENDING
    assert await store.claim("w1", limit=1, **LIMITS) == []
    await store.wait_claimable(ANY)
    assert clock.now() >= later
    assert (await claim(store)).job.id == job.id


async def test_a_snoozed_job_waits_and_its_attempt_does_not_count(store: Store, clock: Clock) -> None:
    await create(store, clock)
    await store.finish((await claim(store)).lease, Release(delay_seconds=20))
    assert await store.claim("w1", limit=1, **LIMITS) == []
    await clock.sleep(20)
    assert (await claim(store)).job.attempts == 1


async def test_time_in_which_a_worker_could_not_be_heard_is_not_held_against_its_attempt(
    store: Store, clock: Clock
) -> None:
    await create(store, clock)
    lease = (await claim(store)).lease
    await clock.sleep(3600)  # the clock jumped, or the machine slept
    assert not (await store.heartbeat([lease], lease_seconds=30))[lease].lost
    assert await store.reap() == []


async def test_a_stuck_attempt_fails_however_alive_its_worker_is(store: Store, clock: Clock) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    for _ in range(14):
        await clock.sleep(25)
        await store.heartbeat([lease], lease_seconds=30)
    [failed] = await store.reap()
    assert failed == await store.get(US, job.id)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == (JobStatus.FAILED, "job_stuck")


async def test_a_key_is_free_again_a_day_after_its_job_ended(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    await store.finish((await claim(store)).lease, DONE)
    await clock.sleep(24 * 3600 - 1)
    assert (await create(store, clock, idempotency_key="k")).id == first.id
    await clock.sleep(1)
    second = await create(store, clock, idempotency_key="k", fingerprint="other")
    assert second.id != first.id
    assert (await create(store, clock, idempotency_key="k", fingerprint="other")).id == second.id


async def test_the_key_of_a_job_that_waits_longer_than_a_day_still_finds_it(store: Store, clock: Clock) -> None:
    first = await create(store, clock, idempotency_key="k")
    await clock.sleep(48 * 3600)
    assert (await create(store, clock, idempotency_key="k")).id == first.id


async def fail(store: Store, clock: Clock, error: ErrorInfo = LASTING, **fields: Any) -> Job:
    """Let a job fail for good."""
    await create(store, clock, **fields)
    return await store.finish((await claim(store)).lease, Fail(error))


async def test_a_failed_job_leaves_a_dead_letter_with_every_attempts_error(store: Store, clock: Clock) -> None:
    await create(store, clock, payload={"max_tokens": 5}, priority=Priority.HIGH)
    await store.finish((await claim(store)).lease, Retry(PASSING, delay_seconds=0))
    failed = await store.finish((await claim(store)).lease, Fail(LASTING))
    letter = await store.dead_letter(US, failed.id)
    assert letter is not None
    assert (letter.job_id, letter.user_id, letter.type) == (failed.id, failed.user_id, "test_job")
    assert (letter.payload, letter.priority, letter.max_attempts) == ({"max_tokens": 5}, Priority.HIGH, 3)
    assert letter.errors == (PASSING, LASTING)
    assert (letter.error, letter.failed_at, letter.replayed_as) == (LASTING, clock.now(), None)


async def test_only_failed_jobs_leave_dead_letters(store: Store, clock: Clock) -> None:
    await store.request_cancel(US, (await create(store, clock)).id)
    await create(store, clock)
    await store.finish((await claim(store)).lease, DONE)
    assert list(await store.dead_letters(US, DeadLetterQuery())) == []


async def test_a_job_that_killed_its_last_worker_leaves_a_dead_letter(store: Store, clock: Clock) -> None:
    job = await create(store, clock, max_attempts=1)
    await claim(store)
    await clock.sleep(31)
    await store.reap()
    letter = await store.dead_letter(US, job.id)
    assert letter is not None
    assert letter.error.code == "worker_lost"


async def test_dead_letters_come_newest_first_and_page_by_page(store: Store, clock: Clock) -> None:
    failed = []
    for _ in range(3):
        failed.append((await fail(store, clock)).id)
        await clock.sleep(1)
    first = await store.dead_letters(US, DeadLetterQuery(limit=2))
    rest = await store.dead_letters(US, DeadLetterQuery(limit=2, offset=2))
    assert [one.job_id for one in (*first, *rest)] == failed[::-1]


@pytest.mark.parametrize(
    "narrowed",
    [
        {"category": ErrorCategory.QUOTA},
        {"type": "other"},
        {"provider": "openai"},
        {"region": "eu-west-2"},
    ],
)
async def test_dead_letters_can_be_narrowed(store: Store, clock: Clock, narrowed: dict[str, Any]) -> None:
    await fail(store, clock)
    wanted = await fail(
        store,
        clock,
        ErrorInfo(code="x", category=ErrorCategory.QUOTA, message="X.", provider="openai", region="eu-west-2"),
        type="other",
    )
    assert [one.job_id for one in await store.dead_letters(US, DeadLetterQuery(**narrowed))] == [wanted.id]


async def test_a_replay_is_noted_in_its_dead_letter(store: Store, clock: Clock) -> None:
    failed = await fail(store, clock)
    other = await fail(store, clock)
    replay = await create(store, clock, replay_of=failed.id)
    assert replay.replay_of == failed.id
    assert (await store.get(US, failed.id)) == failed
    [replayed] = await store.dead_letters(US, DeadLetterQuery(replayed=True))
    [waiting] = await store.dead_letters(US, DeadLetterQuery(replayed=False))
    assert (replayed.job_id, replayed.replayed_as, waiting.job_id) == (failed.id, replay.id, other.id)


async def test_dead_letters_belong_to_their_tenant(store: Store, clock: Clock) -> None:
    failed = await fail(store, clock)
    assert await store.dead_letter(THEM, failed.id) is None
    assert list(await store.dead_letters(THEM, DeadLetterQuery())) == []
    assert await store.purge_dead_letters(THEM, failed_before=clock.now() + timedelta(days=1)) == 0
    assert await store.dead_letter(US, failed.id) is not None


async def test_old_dead_letters_are_purged_and_young_ones_stay(store: Store, clock: Clock) -> None:
    old = await fail(store, clock)
    await clock.sleep(60)
    young = await fail(store, clock)
    assert await store.purge_dead_letters(US, failed_before=clock.now()) == 1
    assert await store.dead_letter(US, old.id) is None
    assert await store.dead_letter(US, young.id) is not None
    assert await store.get(US, old.id) == old


async def test_purging_jobs_spares_what_runs_what_is_young_and_what_they_left_behind(
    store: Store, clock: Clock
) -> None:
    failed = await fail(store, clock)
    await create(store, clock)
    claimed = await claim(store)
    made = effects(clock, claimed.job)
    await store.finish(claimed.lease, Done({}, made))
    waiting = await create(store, clock)
    await clock.sleep(60)
    now = clock.now()
    young = await store.request_cancel(US, (await create(store, clock)).id)

    assert await store.purge_jobs(finished_before=now) == 2

    left = await store.list_jobs(US, JobQuery())
    assert [job.id for job in left.jobs] == [young.id, waiting.id]
    with pytest.raises(JobNotFoundError):
        await store.events(US, failed.id, after=0)
    assert await store.document(US, made.documents[0].id) is not None
    assert await store.dead_letter(US, failed.id) is not None
    assert await usage_of(store, US) == list(made.usage)


async def test_purging_jobs_spares_those_whose_key_still_counts(store: Store, clock: Clock) -> None:
    await create(store, clock, idempotency_key="k")
    done = await store.finish((await claim(store)).lease, DONE)
    await clock.sleep(3600)
    assert await store.purge_jobs(finished_before=clock.now()) == 0
    await clock.sleep(24 * 3600)
    assert await store.purge_jobs(finished_before=clock.now()) == 1
    assert (await create(store, clock, idempotency_key="k", fingerprint="other")).id != done.id


async def test_a_key_that_is_free_again_finds_the_job_made_while_the_old_one_is_purged(
    store: Store, clock: Clock
) -> None:
    await create(store, clock, idempotency_key="k")
    await store.finish((await claim(store)).lease, DONE)
    await clock.sleep(48 * 3600)
    made, purged = await asyncio.gather(
        create(store, clock, idempotency_key="k"), store.purge_jobs(finished_before=clock.now())
    )
    assert purged == 1
    assert (await create(store, clock, idempotency_key="k")).id == made.id
    await store.finish((await claim(store)).lease, DONE)
    await clock.sleep(48 * 3600)
    purged, made = await asyncio.gather(
        store.purge_jobs(finished_before=clock.now()), create(store, clock, idempotency_key="k")
    )
    assert purged == 1
    assert (await create(store, clock, idempotency_key="k")).id == made.id


async def test_calls_of_one_moment_share_a_key_and_only_those_that_differ_are_refused(
    store: Store, clock: Clock
) -> None:
    keys = [f"k{number % 5}" for number in range(20)]
    made = [create(store, clock, idempotency_key=key) for key in keys]
    another = create(store, clock, idempotency_key="k3", fingerprint="other")
    *jobs, refused = await asyncio.gather(*made, another, return_exceptions=True)
    assert isinstance(refused, IdempotencyConflictError)
    assert len({(job.idempotency_key, job.id) for job in jobs if isinstance(job, Job)}) == 5
    assert len((await store.list_jobs(US, JobQuery())).jobs) == 5
    await create(store, clock, idempotency_key="k5")


async def test_cancelling_a_failed_job_does_not_touch_its_dead_letter(store: Store, clock: Clock) -> None:
    failed = await fail(store, clock)
    replay = await create(store, clock, replay_of=failed.id)
    await store.request_cancel(US, failed.id)
    letter = await store.dead_letter(US, failed.id)
    assert letter is not None
    assert letter.replayed_as == replay.id
    await store.purge_dead_letters(US, failed_before=clock.now() + timedelta(seconds=1))
    await store.request_cancel(US, failed.id)
    assert await store.dead_letter(US, failed.id) is None


async def test_a_replay_by_another_tenant_is_not_noted(store: Store, clock: Clock) -> None:
    failed = await fail(store, clock)
    await create(store, clock, tenant_id=THEM, replay_of=failed.id)
    letter = await store.dead_letter(US, failed.id)
    assert letter is not None
    assert letter.replayed_as is None


@pytest.mark.parametrize("outcome", [DONE, Retry(PASSING, 5), Fail(LASTING), Cancelled(), Release()])
async def test_an_outcome_that_is_said_again_ends_its_attempt_once(
    store: Store, clock: Clock, outcome: Outcome
) -> None:
    job = await create(store, clock)
    lease = (await claim(store)).lease
    ended = await store.finish(lease, outcome)
    log = await store.events(US, job.id, after=0)
    assert await store.finish(lease, outcome) == ended
    assert await store.events(US, job.id, after=0) == log


async def test_a_completion_that_is_said_again_leaves_its_effects_once(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store)
    done = Done({}, effects(clock, claimed.job))
    await store.finish(claimed.lease, done)
    await store.finish(claimed.lease, done)
    assert await usage_of(store, US) == list(done.effects.usage)


async def test_an_outcome_is_refused_that_is_said_again_after_the_next_claim(store: Store, clock: Clock) -> None:
    await create(store, clock)
    first = (await claim(store)).lease
    await store.finish(first, Release())
    await claim(store)
    with pytest.raises(LeaseLostError):
        await store.finish(first, Release())


async def test_a_claim_that_nobody_heard_of_is_claimed_anew_when_its_lease_has_run_out(
    store: Store, clock: Clock
) -> None:
    job = await create(store, clock)
    claimed_at = (await claim(store, "unheard of")).job.started_at
    assert claimed_at == clock.now()
    assert await store.claim("w2", limit=1, **LIMITS) == []
    await store.wait_claimable(ANY)
    await store.reap()
    again = await claim(store, "w2")
    assert clock.now() - claimed_at == timedelta(seconds=30)
    assert (again.job.id, again.job.attempts) == (job.id, 2)


async def test_a_purged_jobs_lease_is_lost(store: Store, clock: Clock) -> None:
    await create(store, clock)
    lease = (await claim(store)).lease
    await store.finish(lease, DONE)
    await store.purge_jobs(finished_before=clock.now() + timedelta(seconds=1))
    with pytest.raises(LeaseLostError):
        await store.finish(lease, DONE)
    assert (await store.heartbeat([lease], lease_seconds=30))[lease].lost


async def test_images_come_with_the_completion_in_their_order(store: Store, clock: Clock) -> None:
    await create(store, clock)
    claimed = await claim(store)
    images = tuple(
        Image(
            id=uuid4(),
            tenant_id=US,
            user_id=claimed.job.user_id,
            job_id=claimed.job.id,
            url=f"file:///art/{n}.png",
            media_type="image/png",
            width=64,
            height=32,
            created_at=clock.now(),
        )
        for n in range(3)
    )
    await store.finish(claimed.lease, Done({}, Effects(images=images)))
    assert tuple(await store.images(US, claimed.job.id)) == images
    assert list(await store.images(THEM, claimed.job.id)) == []


async def test_what_comes_back_is_what_went_in_whatever_characters_it_holds(store: Store, clock: Clock) -> None:
    hostile = "naïve 🦊 \u2028 \x00 'quoted' \\ \n %s :name"
    job = await create(store, clock, payload={"prompt": hostile, "nested": [{"n": 1.5}, None, True]})
    claimed = await claim(store)
    await store.append(claimed.lease, [Text(hostile, 0)])
    done = await store.finish(claimed.lease, Done({"content": hostile}, Effects()))
    read = await store.get(US, job.id)
    assert read == done
    assert read.payload == claimed.job.payload == {"prompt": hostile, "nested": [{"n": 1.5}, None, True]}
    assert read.result == {"content": hostile}
    [delta] = [event for event in await store.events(US, job.id, after=0) if isinstance(event, TextDelta)]
    assert delta.text == hostile
