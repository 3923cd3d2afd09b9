"""A memory store keeps the newest finished jobs at hand, and finds the others as well: only memory tells them apart."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aijobs_sdk.contract.batches import BatchItem, BatchRecord
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.errors import IdempotencyConflictError, JobNotFoundError, StoreUnavailableError
from aijobs_sdk.contract.job import Job, JobQuery, NewJob
from aijobs_sdk.contract.records import Document, Effects, LineageEvent, UsageRow
from aijobs_sdk.contract.store import Done, Fail, Outcome, Progress, Text
from aijobs_sdk.contract.usage_pages import place_of
from aijobs_sdk.engine.lifecycle import accept
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.backlog import AWAY_AT_ONCE
from aijobs_sdk.stores.entry import Entry
from aijobs_sdk.stores.memory import MemoryStore
from aijobs_sdk.stores.memory_batches import BatchesInMemory
from aijobs_sdk.stores.memory_jobs import Jobs
from contract.new_jobs import US, new_job

pytestmark = pytest.mark.anyio

CLOCK = VirtualClock()
TESTS = Path(__file__).parent.parent
LIMITS: dict[str, Any] = {"lease_seconds": 30, "hard_limit_seconds": 60}
DONE = Done({"answer": 42}, Effects())
BROKEN = Fail(ErrorInfo(code="broken", category=ErrorCategory.INTERNAL, message="It broke.", details={"n": 1}))


def a_store(at_hand: int) -> MemoryStore:
    return MemoryStore(CLOCK, at_hand=at_hand)


async def ended(store: MemoryStore, new: NewJob, outcome: Outcome = DONE) -> Job:
    await store.create([new])
    [claim] = await store.claim("w", {new.job.type: None}, limit=1, **LIMITS)
    await store.append(claim.lease, [Progress(50, "Halfway \udc80"), Text("Half", 0)])
    return await store.finish(claim.lease, outcome)


async def many_ended(store: MemoryStore, jobs: int, **fields: Any) -> list[Job]:
    return [await ended(store, new_job(CLOCK, **fields)) for _ in range(jobs)]


def left_by(job: NewJob, title: str) -> Effects:
    document = Document(
        id=uuid4(), tenant_id=US, author_id=US, job_id=job.job.id, title=title, content="…", created_at=CLOCK.now()
    )
    event = LineageEvent(
        id=uuid4(),
        tenant_id=US,
        document_id=document.id,
        job_id=job.job.id,
        model="m",
        provider="p",
        prompt_length=1,
        output_length=1,
        actor_id=US,
        at=CLOCK.now(),
    )
    row = UsageRow(
        id=uuid4(),
        tenant_id=US,
        user_id=US,
        query_type="text_generation",
        model="m",
        provider="p",
        input_tokens=1,
        output_tokens=1,
        credits_used="0.000105",
        metadata={"document_id": str(document.id)},
        month_year="2026-01",
        created_at=CLOCK.now(),
    )
    return Effects(documents=(document,), lineage=(event,), usage=(row,))


def jobs_in_memory() -> int:
    gc.collect()
    return sum(isinstance(one, Entry) for one in gc.get_objects())


async def test_memory_does_not_grow_with_the_number_of_jobs() -> None:
    before = jobs_in_memory()
    store = a_store(at_hand=50)
    await many_ended(store, 1000)
    assert jobs_in_memory() - before < 50 + AWAY_AT_ONCE
    assert len((await store.list_jobs(US, JobQuery(limit=1000))).jobs) == 1000


@pytest.mark.parametrize("outcome", [DONE, BROKEN])
async def test_a_job_that_was_put_away_is_as_it_was(outcome: Outcome) -> None:
    at_hand, put_away = a_store(at_hand=10), a_store(at_hand=0)
    new = new_job(CLOCK, payload={"deep": [None, 1.5, {"ü": "\udc80"}]}, idempotency_key="k", batch_id=uuid4())
    job = await ended(at_hand, new, outcome)
    assert await ended(put_away, new, outcome) == job
    assert await put_away.get(US, job.id) == job
    assert await put_away.events(US, job.id, after=0) == await at_hand.events(US, job.id, after=0)


async def test_pages_lead_through_what_is_at_hand_and_what_is_not() -> None:
    store = a_store(at_hand=2)
    waiting = new_job(CLOCK, type="other")
    first = await many_ended(store, 3)
    await store.create([waiting])
    jobs = [*first, waiting.job, *await many_ended(store, 6)]
    newest_first = [job.id for job in reversed(jobs)]

    page = await store.list_jobs(US, JobQuery(limit=4))
    middle = await store.list_jobs(US, JobQuery(limit=4, cursor=page.next_cursor))
    last = await store.list_jobs(US, JobQuery(limit=4, cursor=middle.next_cursor))

    assert [job.id for job in (*page.jobs, *middle.jobs, *last.jobs)] == newest_first
    assert last.next_cursor is None


async def test_pages_of_ids_lead_through_both_as_well() -> None:
    store = a_store(at_hand=2)
    batch_id = uuid4()
    jobs = await many_ended(store, 7, batch_id=batch_id)
    page = await store.list_ids(US, JobQuery(batch_id=batch_id, limit=4))
    rest = await store.list_ids(US, JobQuery(batch_id=batch_id, limit=4, cursor=page.next_cursor))
    assert [*page.ids, *rest.ids] == [job.id for job in reversed(jobs)]
    assert rest.next_cursor is None


async def test_a_list_is_narrowed_down_wherever_the_jobs_are() -> None:
    store = a_store(at_hand=1)
    document_id, batch_id = uuid4(), uuid4()
    fields: dict[str, Any] = {"type": "other", "payload": {"document_id": str(document_id)}, "batch_id": batch_id}
    wanted = await many_ended(store, 3, **fields)
    failed = await ended(store, new_job(CLOCK, **fields), BROKEN)
    await many_ended(store, 3)
    newest_first = (failed, *reversed(wanted))

    assert (await store.list_jobs(US, JobQuery(type="other"))).jobs == newest_first
    assert (await store.list_jobs(US, JobQuery(document_id=document_id))).jobs == newest_first
    assert (await store.list_jobs(US, JobQuery(batch_id=batch_id))).jobs == newest_first
    assert (await store.list_jobs(US, JobQuery(batch_id=batch_id, status=failed.status))).jobs == (failed,)


async def test_a_key_finds_the_newest_job_that_had_it_and_is_free_after_a_day() -> None:
    store = a_store(at_hand=0)
    first = await ended(store, new_job(CLOCK, idempotency_key="k"))
    with pytest.raises(IdempotencyConflictError):
        await store.create([new_job(CLOCK, idempotency_key="k", fingerprint="other")])
    await CLOCK.sleep(25 * 3600)
    second = await ended(store, new_job(CLOCK, idempotency_key="k"))
    [again] = (await store.create([new_job(CLOCK, idempotency_key="k")])).jobs
    assert again == second != first


async def test_what_jobs_left_is_found_wherever_it_is() -> None:
    store = a_store(at_hand=2)
    new = [new_job(CLOCK) for _ in range(6)]
    effects = [left_by(one, str(n)) for n, one in enumerate(new)]
    for job, left in zip(new, effects, strict=True):
        await ended(store, job, Done({}, left))

    documents = [one.documents[0] for one in effects]
    assert [await store.document(US, one.id) for one in documents] == documents
    assert [tuple(await store.lineage(US, one.id)) for one in documents] == [one.lineage for one in effects]
    now = CLOCK.now()
    usage = await store.usage(US, since=now, until=now + timedelta(seconds=1))
    assert list(usage) == sorted((row for one in effects for row in one.usage), key=place_of)


async def test_old_jobs_are_purged_wherever_they_are() -> None:
    store = a_store(at_hand=2)
    old = await many_ended(store, 5)
    await CLOCK.sleep(10)
    young = await many_ended(store, 1)
    assert await store.purge_jobs(finished_before=CLOCK.now()) == 5
    assert (await store.list_jobs(US, JobQuery())).jobs == tuple(young)
    with pytest.raises(JobNotFoundError):
        await store.events(US, old[0].id, after=0)


async def test_jobs_that_find_no_room_stay_at_hand_until_there_is_some(caplog: pytest.LogCaptureFixture) -> None:
    attic = Attic()
    jobs = Jobs(attic, at_hand=0)
    entries = [jobs.add(accept(new_job(CLOCK, payload={"text": "x" * 50_000}), CLOCK.now()).record) for _ in range(3)]
    attic.database.execute("PRAGMA max_page_count = 1")
    with caplog.at_level(logging.WARNING, "aijobs.store"):
        jobs.end(entries[0])
    assert "Make room" in caplog.text
    assert jobs.find(entries[0].record.job.id) is entries[0]

    attic.database.execute(f"PRAGMA max_page_count = {2**31 - 2}")
    jobs.end(entries[1])
    jobs.end(entries[2])
    found = [jobs.find(entry.record.job.id) for entry in entries]
    assert [one is not None and one.record for one in found] == [entry.record for entry in entries]
    assert not set(found) & set(entries)


async def test_rows_of_a_batch_that_find_no_room_are_refused_and_none_is_kept() -> None:
    attic = Attic()
    batches = BatchesInMemory(CLOCK, attic)
    now = CLOCK.now()
    batch = BatchRecord(id=uuid4(), tenant_id=US, user_id=US, name="n", created_at=now, updated_at=now)
    await batches.open_batch(batch)
    attic.database.execute("PRAGMA max_page_count = 1")
    rows = [BatchItem(index=n, key="k", inputs={"text": "x" * 2000}, request={}) for n in range(100)]
    with pytest.raises(StoreUnavailableError, match="temporary file"):
        await batches.put_batch_rows(US, batch.id, rows)
    assert list(await batches.batch_rows(US, batch.id)) == []


def test_another_thread_and_another_loop_find_what_was_put_away() -> None:
    store = a_store(at_hand=0)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(always=True)) as runner:
        [job] = runner.run(many_ended(store, 1))

    async def found_in_a_thread() -> Job:
        return await asyncio.to_thread(lambda: asyncio.run(store.get(US, job.id)))

    assert asyncio.run(found_in_a_thread()) == job


BEGIN = """
    import asyncio, os, sys
    opened = []
    sys.addaudithook(lambda event, args: opened.append(args) if event == "sqlite3.connect" else None)
    from aijobs_sdk.contract.job import JobQuery
    from aijobs_sdk.contract.records import Effects
    from aijobs_sdk.contract.store import Done
    from aijobs_sdk.engine.system_clock import SystemClock
    from aijobs_sdk.stores.memory import MemoryStore
    from contract.new_jobs import US, new_job

    CLOCK = SystemClock()

    async def end(store, jobs):
        for _ in range(jobs):
            await store.create([new_job(CLOCK)])
            [claim] = await store.claim("w", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=60)
            await store.finish(claim.lease, Done({"text": "x" * 10_000}, Effects()))

    def listed(store):
        return len(asyncio.run(store.list_jobs(US, JobQuery(limit=1000))).jobs)
"""


def run(script: str) -> list[str]:
    """Return the words that the script printed; it may say nothing on standard error."""
    command = [sys.executable, "-c", textwrap.dedent(BEGIN + script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, cwd=TESTS)
    assert done.stderr == ""
    return done.stdout.split()


def test_a_store_with_few_jobs_opens_no_file() -> None:
    script = """
    store = MemoryStore(CLOCK)
    asyncio.run(end(store, 100))
    print(listed(store), len(opened))
    """
    assert run(script) == ["100", "0"]


def test_a_forked_child_has_what_was_at_hand_and_takes_nothing_from_its_parent() -> None:
    script = """
    store = MemoryStore(CLOCK, at_hand=300)
    asyncio.run(end(store, 900))
    if (child := os.fork()) == 0:
        before = listed(store)
        asyncio.run(end(store, 600))
        print(before, listed(store), flush=True)
        sys.exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asyncio.run(end(store, 50))
    print(ended, listed(store))
    """
    assert run(script) == ["300", "900", "0", "950"]
