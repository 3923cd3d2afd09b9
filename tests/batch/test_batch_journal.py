"""What a journal is good for: others see how far a batch is, steer it, go on with it, and never run it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from unittest.mock import DEFAULT, AsyncMock
from uuid import UUID, uuid4

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.journal.journal import Journal, new_holder
from aijobs_sdk.batch.operation.operation import Operation
from aijobs_sdk.contract.batches import BatchChange, BatchRecord, BatchRequest, BatchStanding, BatchState, Hold
from aijobs_sdk.contract.errors import (
    BatchHeldError,
    BatchNotFoundError,
    BatchPausedError,
    ConfigurationError,
    InvalidRequestError,
    StoreUnavailableError,
)
from aijobs_sdk.contract.job import JobQuery
from aijobs_sdk.contract.model import StoredJson
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.ids import new_id
from aijobs_sdk.notebook.snapshot import Command, Phase
from batch.batch_worlds import TASKS, WatchedBackend, a_batch, until

pytestmark = pytest.mark.anyio

NAME = "harbours"


class TaskRunner:
    """A runner that is a task of this loop: all but a process of its own."""

    def __init__(self, backend: WatchedBackend, name: str, begins_after_seconds: float) -> None:
        self._operation = Operation(backend, name=name, as_wished=True)
        self._task = asyncio.create_task(self._run(begins_after_seconds))

    @property
    def has_ended(self) -> bool:
        return self._task.done()

    def last_words(self) -> str:
        return "It said nothing."

    async def _run(self, begins_after_seconds: float) -> None:
        await asyncio.sleep(begins_after_seconds)
        await asyncio.gather(self._operation.run(), return_exceptions=True)


class EarlierServer(WatchedBackend):
    """One that keeps of a batch's settings those that were said last."""

    settings: Mapping[str, StoredJson] = {}

    async def open_batch(self, request: BatchRequest) -> BatchRecord:
        self.settings = request.settings
        return await self._backend.open_batch(request)

    async def change_batch(self, batch_id: UUID, change: BatchChange) -> BatchRecord:
        self.settings = self.settings if change.settings is None else change.settings
        return (await self._backend.change_batch(batch_id, change)).replace(settings=self.settings)

    async def hold_batch(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        return (await super().hold_batch(batch_id, hold)).replace(settings=self.settings)

    async def batch(self, name: str) -> BatchRecord:
        return (await self._backend.batch(name)).replace(settings=self.settings)


def a_named(backend: WatchedBackend, **options: object) -> AsyncBatch:
    return a_batch(backend, **({"name": NAME} | options))


def a_detached(backend: WatchedBackend, **options: object) -> AsyncBatch:
    """Return a batch that somebody else runs, who takes a second to begin."""
    return a_named(backend, detacher=lambda name, _: TaskRunner(backend, name, 1.0), **options)


def found(backend: WatchedBackend) -> AsyncBatch:
    """Return the batch as another client finds it, by its name."""
    return AsyncBatch(backend, name=NAME)


def store_of(backend: WatchedBackend) -> Store:
    local = backend._backend
    assert isinstance(local, LocalBackend)
    return local._world.store


@pytest.fixture
def slow(sim: aijobs.Mock) -> aijobs.Mock:
    """A world in which an answer takes twenty seconds and more."""
    sim.on().do(aijobs.fail(503, seconds=20), aijobs.ok())
    return sim


@pytest.fixture
async def running(slow: aijobs.Mock, backend: WatchedBackend) -> AsyncIterator[AsyncBatch]:
    """A batch of twelve rows that is under way, two at a time."""
    batch = a_named(backend, concurrency=2)
    await batch.start()
    await asyncio.sleep(30)
    yield batch
    await asyncio.gather(batch.wait(), return_exceptions=True)


async def test_another_client_sees_how_far_a_batch_is(running: AsyncBatch, backend: WatchedBackend) -> None:
    other = found(backend)
    await other.refresh()
    seen, own = other.progress, running.progress
    assert (seen.total, seen.state, seen.running) == (12, BatchState.RUNNING, 2)
    assert (seen.completed, seen.credits) == (own.completed, own.credits)
    assert len(other.results) == own.completed


async def test_another_client_shows_it_to_its_end(running: AsyncBatch, backend: WatchedBackend) -> None:
    other = found(backend)
    other.show()
    await until(lambda: other.on_show.snapshot().phase is Phase.RUNNING)
    shown = other.on_show.snapshot()
    await until(lambda: other.on_show.snapshot().phase is Phase.FINISHED)
    assert (shown.total, shown.running, shown.commands) == (12, 2, (Command.PAUSE, Command.CANCEL))
    assert other.on_show.snapshot().completed == running.progress.completed == 12


async def test_a_click_of_another_client_pauses_it_and_resumes_it(running: AsyncBatch, backend: WatchedBackend) -> None:
    other = found(backend)
    other.show()
    await until(lambda: other.on_show.snapshot().phase is Phase.RUNNING)
    other.on_show.steer(Command.PAUSE)
    await until(lambda: other.on_show.snapshot().phase is Phase.PAUSED)
    assert running.progress.state is BatchState.PAUSED
    other.on_show.steer(Command.RESUME)
    await until(lambda: other.on_show.snapshot().phase is Phase.FINISHED)
    assert len(backend.sent) == 12


async def test_another_client_pauses_it_and_goes_on(running: AsyncBatch, backend: WatchedBackend) -> None:
    await found(backend).pause()
    with pytest.raises(BatchPausedError, match="Somebody paused it"):
        await running.wait()
    sent = len(backend.sent)
    assert sent < 12
    rows = await found(backend).run()
    assert [row.status for row in rows] == ["completed"] * 12
    assert len(backend.sent) == 12


async def test_whoever_goes_on_never_notes_less_than_was_there(running: AsyncBatch, backend: WatchedBackend) -> None:
    await until(lambda: running.progress.completed > 2)
    await found(backend).pause()
    with pytest.raises(BatchPausedError):
        await running.wait()
    await found(backend).run()
    assert backend.noted == sorted(backend.noted)
    assert backend.noted[-1] == 12


async def test_another_client_cancels_it(running: AsyncBatch, backend: WatchedBackend) -> None:
    await found(backend).cancel()
    await running.wait()
    assert running.progress.state is BatchState.CANCELLED
    assert len(backend.sent) < 12


async def test_another_client_cancels_it_though_the_store_is_away_for_a_moment(
    running: AsyncBatch, backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[UUID] = []

    async def away(job_id: UUID) -> None:
        refused.append(job_id)
        raise StoreUnavailableError("It is away.")

    with monkeypatch.context() as patch:
        patch.setattr(backend, "cancel", away, raising=False)
        await found(backend).cancel()
        await until(lambda: refused)
    completed = running.progress.completed
    await running.wait()
    assert (running.progress.state, running.progress.completed) == (BatchState.CANCELLED, completed)


@pytest.mark.usefixtures("slow")
async def test_what_a_killed_process_left_under_way_is_cancelled_at_once(backend: WatchedBackend) -> None:
    """Whoever cancels after a crash need not wait until nobody holds the batch any more: each job costs money."""
    first = a_named(backend, concurrency=4)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(first.run(), 1)
    journal = await Journal.find(backend, NAME)
    await journal.hold(new_holder().replace(pid=2**22 + 1), BatchStanding(state=BatchState.RUNNING))
    other = found(backend)
    await other.refresh()
    await other.cancel()
    assert other.progress.state is (await backend.batch(NAME)).standing.state is BatchState.CANCELLED
    assert [job.is_final async for job in journal.jobs()] == [True] * 4


@pytest.mark.usefixtures("sim")
async def test_what_a_server_of_an_earlier_version_would_forget_of_a_batch_is_said_again() -> None:
    earlier = EarlierServer(aijobs.AsyncClient())
    await a_named(earlier, budget=500).run()
    await found(earlier).set(concurrency=2)
    batch = found(earlier)
    assert len(await batch.run()) == len(earlier.sent) == 12
    assert batch.progress.budget == 500


async def test_a_finished_batch_that_was_given_more_rows_is_open(backend: WatchedBackend) -> None:
    await a_batch(backend, TASKS[:5], name=NAME).run()
    longer = a_named(backend)
    await longer.refresh()
    done = longer.progress
    assert (done.state, done.completed, done.total) == (BatchState.OPEN, 5, 12)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("economy", [False, True])
async def test_a_row_whose_job_somebody_cancelled_has_failed_for_everybody(
    backend: WatchedBackend, economy: bool
) -> None:
    """Whoever sees it run, and whoever finds it in the journal: neither sends the row again by itself."""
    batch = a_batch(backend, TASKS[:2], name=NAME, economy=economy)
    await batch.start()
    await until(lambda: batch.progress.running == 2)
    await backend.cancel((await backend.list_jobs(JobQuery())).jobs[0].id)
    await batch.wait()
    again = found(backend)
    await again.run()
    assert again.progress.failed == batch.progress.failed >= 1
    assert [row.status for row in await again.retry_failures()] == ["completed"] * 2


@pytest.mark.usefixtures("slow")
async def test_a_job_that_cannot_be_stopped_keeps_no_other_from_stopping(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(backend, concurrency=8)
    await batch.start()
    await until(lambda: batch.progress.running == 8)
    away_once = AsyncMock(wraps=backend.cancel, side_effect=[StoreUnavailableError("It is away."), *[DEFAULT] * 7])
    monkeypatch.setattr(backend, "cancel", away_once, raising=False)
    with pytest.raises(StoreUnavailableError):
        await batch.cancel()
    await batch.wait()
    assert (batch.progress.state, batch.progress.completed) == (BatchState.CANCELLED, 1)


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("slow")
async def test_of_a_batch_that_nobody_runs_no_job_keeps_another_from_stopping(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    batch = a_batch(backend, concurrency=8, name=name)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(batch.run(), 10)
    away_once = AsyncMock(wraps=backend.cancel, side_effect=[StoreUnavailableError("It is away."), *[DEFAULT] * 7])
    monkeypatch.setattr(backend, "cancel", away_once, raising=False)
    with pytest.raises(StoreUnavailableError):
        await batch.cancel()
    assert away_once.await_count == 8


async def test_what_came_after_its_runner_had_died_is_counted(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(backend, "ended", None)  # it sends, and hears of nothing
        await asyncio.gather(a_named(backend).run(), return_exceptions=True)
    await asyncio.sleep(60)  # the jobs end
    other = found(backend)
    await other.refresh()
    assert other.progress.completed == len(other.results) > 0
    assert other.progress.credits == sum(row.credits or 0 for row in other.results)


@pytest.mark.parametrize("again", ["run", "cancel"])
async def test_a_batch_that_is_finished_stays_so(backend: WatchedBackend, again: str) -> None:
    await a_detached(backend).run()
    await getattr(a_detached(backend), again)()
    assert (await backend.batch(NAME)).standing.state is BatchState.FINISHED


async def test_another_client_gives_it_more_to_spend(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    batch = a_named(backend, budget=Decimal("0.001"))
    with pytest.raises(BatchPausedError, match="budget"):
        await batch.run()
    await found(backend).set(budget=100)
    assert len(await found(backend).run()) == 12
    assert len(sim.calls) == 12


@pytest.mark.parametrize("steered", [AsyncBatch.pause, AsyncBatch.cancel, partial(AsyncBatch.set, concurrency=7)])
async def test_who_steers_it_changes_nothing_that_others_have_said_meanwhile(
    backend: WatchedBackend, steered: Callable[[AsyncBatch], Awaitable[None]]
) -> None:
    await a_named(backend, rows=TASKS[:3]).run()
    other = found(backend)
    await other.refresh()
    await a_named(backend, budget=500).run()
    said = (await backend.batch(NAME)).settings
    await steered(other)
    now = (await backend.batch(NAME)).settings
    assert {**now, "concurrency": said["concurrency"]} == said


async def test_who_goes_on_by_its_name_alone_may_choose_what_is_usual(
    slow: aijobs.Mock, backend: WatchedBackend
) -> None:
    first = a_batch(backend, name=NAME, concurrency=1, fail_fast=True)
    await first.start()
    await asyncio.sleep(30)
    await first.pause()
    with pytest.raises(BatchPausedError):
        await first.wait()
    slow.on(prompt="*harbour 5.").do(aijobs.fail("content_filter").forever())
    again = AsyncBatch(backend, name=NAME, concurrency=100, fail_fast=False)
    assert len(await again.run()) == 12
    assert backend.most_awaited > 1


async def test_a_budget_that_is_raised_while_it_runs_counts_at_once(slow: aijobs.Mock, backend: WatchedBackend) -> None:
    batch = a_named(backend, budget=Decimal(1), concurrency=12, max_tokens=200)
    await batch.start()
    await asyncio.sleep(5)
    assert 0 < len(backend.sent) < 12
    await found(backend).set(budget=100)
    assert len(await batch.wait()) == 12
    assert len(backend.sent) == 12


async def test_a_second_run_at_once_is_told_who_holds_it(running: AsyncBatch, backend: WatchedBackend) -> None:
    with pytest.raises(BatchHeldError, match=r"process \d+ on .*, since"):
        await a_named(backend).run()
    assert [row.status for row in await running.wait()] == ["completed"] * 12
    assert len(backend.sent) == 12


async def test_a_holder_that_is_silent_for_long_is_no_hindrance(backend: WatchedBackend) -> None:
    await a_named(backend).run()
    record = await backend.batch(NAME)
    elsewhere = new_holder().replace(host="another machine")
    await backend.hold_batch(record.id, Hold(elsewhere, 30.0))
    with pytest.raises(BatchHeldError, match="another machine"):
        await a_named(backend).run()
    await asyncio.sleep(31)
    assert len(await a_named(backend).run()) == 12


async def test_a_holder_of_this_machine_that_is_dead_is_no_hindrance(backend: WatchedBackend) -> None:
    await a_named(backend).run()
    record = await backend.batch(NAME)
    await backend.hold_batch(record.id, Hold(new_holder().replace(pid=2**22 - 1), 30.0))
    assert len(await a_named(backend).run()) == 12


async def test_a_run_that_was_taken_for_dead_sends_no_more(running: AsyncBatch, backend: WatchedBackend) -> None:
    record = await backend.batch(NAME)
    assert record.holder is not None
    usurper = new_holder().replace(host="another machine")
    await backend.hold_batch(record.id, Hold(usurper, 30.0, instead_of=record.holder.token))
    with pytest.raises(BatchHeldError, match="another machine"):
        await running.wait()
    sent = len(backend.sent)
    await asyncio.sleep(100)
    assert len(backend.sent) == sent


async def test_a_journal_of_a_newer_version_is_left_alone(backend: WatchedBackend) -> None:
    await a_named(backend).run()
    record = (await backend.batch(NAME)).replace(version=2, name="newer", id=new_id())
    await store_of(backend).open_batch(record)
    with pytest.raises(ConfigurationError, match=r"is of version 2, and this SDK reads up to 1\. Update the SDK"):
        await a_named(backend, name="newer").run()


async def test_a_name_that_nobody_used_is_not_found(backend: WatchedBackend) -> None:
    with pytest.raises(BatchNotFoundError, match="No batch 'harbours'"):
        await found(backend).refresh()


async def test_rows_that_are_refused_leave_the_journal_as_it_was(backend: WatchedBackend) -> None:
    await a_named(backend).run()
    with pytest.raises(InvalidRequestError, match=r"Row 13 \(index 12\)"):
        await a_named(backend, rows=[*TASKS, {"task": "x " * 900_000}]).run()
    assert len(await found(backend).run()) == 12


async def test_a_batch_found_by_its_name_holds_inputs_and_outputs(backend: WatchedBackend) -> None:
    rows = await a_named(backend).run()
    again = found(backend)
    await again.refresh()
    assert again.results == rows
    assert list(again.to_pandas()["task"]) == [row["task"] for row in TASKS]


@pytest.mark.parametrize("kind", [a_named, a_detached])
@pytest.mark.parametrize(
    "changed",
    [[{"task": "Say A.", "id": 91}], [{"task": "Say A.", "id": 1, "by": "Elm"}], [{"task": "Say A.", "id": "1"}]],
)
async def test_the_columns_that_came_last_stand_beside_the_answers_that_are_there(
    backend: WatchedBackend, kind: Callable[..., AsyncBatch], changed: list[dict[str, object]]
) -> None:
    await kind(backend, rows=[{"task": "Say A.", "id": 1}]).run()
    await kind(backend, rows=changed).run()
    again = found(backend)
    await again.refresh()
    assert [row.inputs for row in again.results] == changed
    assert (list(again.to_pandas().columns)[: len(changed[0])], len(backend.sent)) == (list(changed[0]), 1)


@pytest.mark.parametrize("kind", [a_named, a_detached])
async def test_who_has_a_batch_by_its_name_finds_the_rows_and_the_budget_that_came_last(
    backend: WatchedBackend, kind: Callable[..., AsyncBatch]
) -> None:
    await kind(backend, rows=TASKS[:3]).run()
    other = found(backend)
    await other.refresh()
    await kind(backend, rows=TASKS[2:], budget=500).run()
    await other.refresh()
    assert [row.inputs for row in other.results] == TASKS[2:]
    assert (other.progress.total, other.progress.budget) == (10, Decimal(500))
    assert len(await other.run()) == (await backend.batch(NAME)).rows == 10


@pytest.mark.parametrize("kind", [a_named, a_detached])
async def test_who_goes_on_by_its_name_does_not_run_rows_that_were_not_all_kept(
    backend: WatchedBackend, kind: Callable[..., AsyncBatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(backend, "put_batch_rows", None, raising=False)
        await asyncio.gather(kind(backend).run(), return_exceptions=True)
    with pytest.raises(InvalidRequestError, match="'harbours' has not all of its rows"):
        await AsyncBatch(backend, name=NAME).run()
    assert len(await kind(backend).run()) == 12


async def test_the_same_rows_are_kept_once(backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"task": "Say A.", "on": date(2026, 11, 27), "fee": Decimal("7.50"), "raw": b"A", "of": uuid4()}]
    await a_named(backend, rows=rows).run()
    monkeypatch.setattr(backend, "put_batch_rows", None, raising=False)
    await a_named(backend, rows=rows).run()
    await found(backend).run()


async def test_an_interrupted_run_is_gone_on_with_by_the_next(slow: aijobs.Mock, backend: WatchedBackend) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(a_named(backend, concurrency=2).run(), 10)
    assert len(await a_named(backend).run()) == 12
    assert len(backend.sent) == 12


@pytest.mark.parametrize(("written_after", "answered_after"), [(0, 20), (20, 0)])
async def test_a_run_interrupted_as_it_takes_or_gives_back_the_batch_does_not_hold_it(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch, written_after: float, answered_after: float
) -> None:
    hold_batch = backend.hold_batch

    async def hold_slowly(batch_id: UUID, hold: Hold) -> BatchRecord:
        await asyncio.sleep(0 if hold.seconds else written_after)
        record = await hold_batch(batch_id, hold)
        await asyncio.sleep(answered_after)
        return record

    monkeypatch.setattr(backend, "hold_batch", hold_slowly)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(a_named(backend).run(), 15)
    assert (await backend.batch(NAME)).holder is None


@pytest.mark.usefixtures("slow")
async def test_leaving_the_loop_over_finished_rows_does_not_end_the_run(backend: WatchedBackend) -> None:
    batch = a_named(backend, concurrency=2)
    async for row in batch.as_completed():
        assert row.status == "completed"
        break
    assert len(batch.results) < 12
    assert len(await batch.wait()) == 12


@pytest.mark.usefixtures("slow")
async def test_rows_are_yielded_once_each_while_they_finish(backend: WatchedBackend) -> None:
    batch = a_named(backend, concurrency=2)
    seen = [(row.index, asyncio.get_running_loop().time()) async for row in batch.as_completed()]
    assert sorted(index for index, _ in seen) == list(range(12))
    assert seen[0][1] < 30 < seen[-1][1]


@pytest.mark.usefixtures("slow")
async def test_rows_are_yielded_to_the_last_where_the_run_before_is_interrupted(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=2)
    first = asyncio.create_task(batch.run())
    await asyncio.sleep(30)
    rows = batch.as_completed()
    seen = [(await anext(rows)).index]
    first.cancel()
    assert sorted([*seen, *[row.index async for row in rows]]) == list(range(12))


@pytest.mark.usefixtures("slow")
async def test_rows_that_somebody_else_runs_are_yielded_while_they_finish(backend: WatchedBackend) -> None:
    batch = a_detached(backend, concurrency=2)
    seen = [(row.index, asyncio.get_running_loop().time()) async for row in batch.as_completed()]
    assert sorted(index for index, _ in seen) == list(range(12))
    assert seen[0][1] < 30 < seen[-1][1]


@pytest.mark.parametrize("kind", [a_named, a_detached])
async def test_rows_that_were_over_before_are_yielded_first(
    backend: WatchedBackend, kind: Callable[..., AsyncBatch]
) -> None:
    await a_named(backend, rows=TASKS[:8]).run()
    rows: list[object] = [{"task": None}, *reversed(TASKS)]
    seen = [row.index async for row in kind(backend, rows=rows, on_null="skip").as_completed()]
    assert (seen[:9], sorted(seen)) == ([0, *range(5, 13)], [*range(13)])


@pytest.mark.usefixtures("slow")
async def test_leaving_the_loop_leaves_somebody_else_running(backend: WatchedBackend) -> None:
    batch = a_detached(backend, concurrency=2)
    async for _ in batch.as_completed():
        break
    assert len(await batch.wait()) == 12
    assert len(backend.sent) == 12


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("after_seconds", [0.5, 30.0])
async def test_a_pause_reaches_whoever_runs_it_however_early(backend: WatchedBackend, after_seconds: float) -> None:
    batch = a_detached(backend, concurrency=2)
    await batch.start()
    await asyncio.sleep(after_seconds)
    await batch.pause()
    with pytest.raises(BatchPausedError, match="Somebody paused it"):
        await batch.wait()
    assert len(backend.sent) < 12
    assert len(await batch.run()) == 12


@pytest.mark.usefixtures("slow")
@pytest.mark.filterwarnings("ignore::aijobs_sdk.simulation.mock.UnusedRuleWarning")  # at best nothing is called
@pytest.mark.parametrize("after_seconds", [0.5, 30.0])
async def test_a_cancel_reaches_whoever_runs_it_however_early(backend: WatchedBackend, after_seconds: float) -> None:
    batch = a_detached(backend, concurrency=2)
    await batch.start()
    await asyncio.sleep(after_seconds)
    await batch.cancel()
    await batch.wait()
    assert batch.progress.state is BatchState.CANCELLED
    assert len(backend.sent) < 12


async def test_failures_are_retried_by_whoever_runs_it(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    batch = a_detached(backend)
    await batch.run()
    assert [row.index for row in batch.failures] == [3]
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    assert (await batch.retry_failures())[3].content == "Mended."
    assert len(backend.sent) == 13


@pytest.mark.parametrize("again", [AsyncBatch.refresh, AsyncBatch.run])
async def test_a_row_that_limits_sent_away_to_the_last_has_failed_for_everybody(
    sim: aijobs.Mock, backend: WatchedBackend, again: Callable[[AsyncBatch], Awaitable[object]]
) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail(429, retry_after=5).forever())
    await a_named(backend).run()
    calls = len(sim.calls)
    other = found(backend)
    await again(other)
    assert ([row.index for row in other.failures], other.progress.failed, len(sim.calls)) == ([3], 1, calls)
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    assert (await other.retry_failures())[3].content == "Mended."


async def test_a_budget_holds_for_whoever_runs_it_and_is_raised(backend: WatchedBackend) -> None:
    batch = a_detached(backend, budget=Decimal("0.001"))
    with pytest.raises(BatchPausedError, match="budget"):
        await batch.run()
    await batch.set(budget=100)
    assert len(await batch.run()) == 12
    assert len(backend.sent) == 12


@pytest.mark.usefixtures("slow")
async def test_the_same_call_elsewhere_waits_for_the_run_that_is_there(backend: WatchedBackend) -> None:
    first, second = a_detached(backend, concurrency=2), a_detached(backend, concurrency=2)
    await first.start()
    await asyncio.sleep(30)
    assert await second.run() == await first.wait()
    assert len(backend.sent) == 12


@pytest.mark.usefixtures("slow")
async def test_other_rows_by_the_same_name_are_not_run_beside_it(backend: WatchedBackend) -> None:
    first = a_detached(backend, concurrency=2)
    await first.start()
    await asyncio.sleep(30)
    with pytest.raises(BatchHeldError, match="process"):
        await a_detached(backend, rows=TASKS[:3]).run()
    assert len(await first.wait()) == 12
