"""What whoever watches a batch may ask of it: done at once, from any thread, and refusals are seen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from unittest.mock import AsyncMock

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.journal.journal import Journal, new_holder
from aijobs_sdk.contract.errors import BatchPausedError, StoreUnavailableError
from aijobs_sdk.notebook.snapshot import Command, Phase
from batch.batch_worlds import TASKS, WatchedBackend, a_batch, until

pytestmark = pytest.mark.anyio

NAMES = pytest.mark.parametrize("name", [None, "harbours"])


def stands_at(batch: AsyncBatch, phase: Phase) -> Callable[[], bool]:
    return lambda: batch.on_show.snapshot().phase is phase


async def with_a_failure(sim: aijobs.Mock, batch: AsyncBatch) -> None:
    """Run until row 4 has failed, which would succeed if it were sent again, and others are under way."""
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter", seconds=0).forever())
    await batch.start()
    await until(lambda: batch.progress.failed)
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())


async def test_start_begins_it(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    batch.show()
    batch.on_show.steer(Command.START)
    await until(stands_at(batch, Phase.FINISHED))
    assert batch.progress.completed == 12


@NAMES
async def test_pause_and_resume(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, concurrency=2, name=name)
    await batch.start()
    await until(lambda: batch.progress.completed > 0)
    batch.on_show.steer(Command.PAUSE)
    await until(stands_at(batch, Phase.PAUSED))
    paused_at = batch.progress.completed
    batch.on_show.steer(Command.RESUME)
    await until(stands_at(batch, Phase.FINISHED))
    assert (paused_at < 12, batch.progress.completed, len(backend.sent)) == (True, 12, 12)


async def test_a_cancel_that_could_not_be_done_may_be_asked_for_again(
    sim: aijobs.Mock, backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.on().do(aijobs.fail(503, seconds=60), aijobs.ok())
    batch = a_batch(backend, concurrency=2)
    await batch.start()
    await until(lambda: batch.progress.running)
    with monkeypatch.context() as patch:
        patch.setattr(backend, "cancel", AsyncMock(side_effect=StoreUnavailableError("It is away.")), raising=False)
        batch.on_show.steer(Command.CANCEL)
        await until(lambda: batch.on_show.snapshot().note == "It is away.")
    assert batch.on_show.snapshot().commands == (Command.CANCEL,)
    batch.on_show.steer(Command.CANCEL)
    await until(stands_at(batch, Phase.CANCELLED))


@NAMES
async def test_cancel_ends_a_run(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, concurrency=2, name=name)
    await batch.start()
    await until(lambda: batch.progress.completed > 0)
    batch.on_show.steer(Command.CANCEL)
    await until(stands_at(batch, Phase.CANCELLED))
    assert len(backend.sent) < 12


@NAMES
async def test_cancel_ends_a_pause_that_waits_for_rows(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, concurrency=2, name=name)
    await batch.start()
    await until(lambda: batch.progress.running == 2)
    batch.on_show.steer(Command.PAUSE)
    await until(lambda: batch.on_show.snapshot().commands == (Command.CANCEL,))
    batch.on_show.steer(Command.CANCEL)
    await until(stands_at(batch, Phase.CANCELLED))
    assert batch.progress.completed == 0


@NAMES
async def test_cancel_ends_what_an_interrupted_run_left_under_way(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, concurrency=2, name=name)
    run = asyncio.create_task(batch.run())
    await until(lambda: batch.progress.running == 2)
    run.cancel()
    await until(stands_at(batch, Phase.PAUSED))
    batch.on_show.steer(Command.CANCEL)
    await until(stands_at(batch, Phase.CANCELLED))
    left = [await backend.get(course.job_id) for course in batch._operation.known.courses.values() if course.job_id]
    assert [job.cancelled() for job in left] == [True] * len(left)


@NAMES
async def test_failed_rows_are_sent_again_within_the_same_run(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    batch = a_batch(backend, concurrency=4, name=name)
    await with_a_failure(sim, batch)
    assert Command.RETRY_FAILED in batch.on_show.snapshot().commands
    batch.on_show.steer(Command.RETRY_FAILED)
    rows = await batch.wait()
    assert (rows[3].content, batch.failures, batch.on_show.snapshot().causes) == ("Mended.", [], ())
    assert len(sim.calls) == 13


async def test_failed_rows_get_workers_again_when_most_have_gone_home(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="*harbour [0-8].").do(aijobs.fail("content_filter", seconds=0).forever())
    sim.on(prompt="*harbour 11.").do(aijobs.fail(503, seconds=60), aijobs.ok())
    batch = a_batch(backend, concurrency=12)
    await batch.start()
    await until(lambda: batch.progress.finished == 11)
    sim.on(prompt="*harbour [0-8].").do(aijobs.ok().forever())
    batch.on_show.steer(Command.RETRY_FAILED)
    await until(lambda: batch.progress.running > 1)
    running = batch.progress.running
    await batch.wait()
    assert (running, batch.progress.completed) == (10, 12)


async def test_whoever_reads_rows_as_they_come_gets_those_that_were_sent_again(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = a_batch(backend, concurrency=4)
    await with_a_failure(sim, batch)
    batch.on_show.steer(Command.RETRY_FAILED)
    contents = [row.content async for row in batch.as_completed() if row.index == 3]
    assert contents[-1] == "Mended."


async def test_a_process_that_takes_over_knows_that_failures_were_to_be_sent_again(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    first = a_batch(backend, concurrency=1, name="harbours")
    await with_a_failure(sim, first)
    first.on_show.steer(Command.RETRY_FAILED)
    await until(lambda: not first.progress.failed)
    await first.pause()
    with pytest.raises(BatchPausedError):
        await first.wait()
    second = a_batch(backend, name="harbours")
    assert (await second.run())[3].content == "Mended."


async def test_the_failures_of_a_paused_batch_are_sent_again_with_the_rest(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = a_batch(backend, concurrency=1)
    await with_a_failure(sim, batch)
    await batch.pause()
    await until(stands_at(batch, Phase.PAUSED))
    assert batch.on_show.snapshot().commands == (Command.RESUME, Command.CANCEL, Command.RETRY_FAILED)
    batch.on_show.steer(Command.RETRY_FAILED)
    await until(stands_at(batch, Phase.FINISHED))
    assert (batch.progress.completed, batch.failures) == (12, [])


async def test_failures_can_be_retried_by_a_call_while_the_batch_runs(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = a_batch(backend, concurrency=4, name="harbours")
    await with_a_failure(sim, batch)
    rows = await batch.retry_failures()
    assert (len(rows), rows[3].content, len(sim.calls)) == (12, "Mended.", 13)


async def test_what_fails_again_stays_failed(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter", seconds=0).forever())
    batch = a_batch(backend, concurrency=4)
    await batch.start()
    await until(lambda: batch.progress.failed)
    batch.on_show.steer(Command.RETRY_FAILED)
    await batch.wait()
    assert ([row.index for row in batch.failures], batch.on_show.snapshot().causes[0].count) == ([3], 1)


async def test_rows_of_the_vendors_own_batches_are_sent_again_in_the_next_round(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    conversation = ["{task}", "Shorter."]  # a second turn is a second round
    batch = a_batch(backend, prompt=conversation, economy=True)
    await batch.start()
    await until(lambda: batch.progress.failed)
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    batch.on_show.steer(Command.RETRY_FAILED)
    rows = await batch.wait()
    assert (rows[3].answers[0], batch.failures) == ("Mended.", [])


async def test_a_click_that_is_refused_says_why(backend: WatchedBackend) -> None:
    batch = a_batch(backend, name="harbours")
    await Journal.open(backend, "harbours", batch._operation.known.options)
    journal = await Journal.find(backend, "harbours")
    await journal.hold(new_holder())
    batch.show()
    batch.on_show.steer(Command.START)
    await until(lambda: batch.on_show.snapshot().note.startswith("Batch 'harbours' is being run by process"))
    shown = batch.on_show.snapshot()
    assert (shown.phase, shown.commands) == (Phase.READY, (Command.START,))


async def test_what_a_click_raises_is_a_note_and_the_next_click_takes_it_away(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost() -> None:
        raise ConnectionResetError("The line is dead.")

    batch = a_batch(backend, concurrency=2)
    await batch.start()
    await until(lambda: batch.progress.completed > 0)
    with monkeypatch.context() as broken:
        broken.setattr(batch._operation.steering, "pause", lost)
        batch.on_show.steer(Command.PAUSE)
        await until(lambda: batch.on_show.snapshot().note == "The line is dead.")
    batch.on_show.steer(Command.PAUSE)
    await until(stands_at(batch, Phase.PAUSED))
    assert batch.on_show.snapshot().note == "Somebody paused it."


async def test_a_click_comes_from_another_thread_and_returns_at_once(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=2)
    await batch.start()
    await until(lambda: batch.progress.completed > 0)
    click = threading.Thread(target=batch.on_show.steer, args=[Command.CANCEL])
    click.start()
    click.join()  # while the loop stands still
    await until(stands_at(batch, Phase.CANCELLED))


def test_a_loop_that_has_ended_is_asked_for_nothing(sim: aijobs.Mock) -> None:
    batch = a_batch(WatchedBackend(aijobs.AsyncClient()), TASKS)

    async def cell() -> None:
        batch.show()

    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        runner.run(cell())
    batch.on_show.steer(Command.START)
    shown = batch.on_show.snapshot()
    assert (shown.phase, shown.commands, shown.note) == (
        Phase.READY,
        (),
        "The loop that it was on has ended.",
    )


def test_a_blocking_batch_is_steered_on_its_portal(sim: aijobs.Mock) -> None:
    client = aijobs.Client()
    batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2")
    batch.on_show.steer(Command.START)
    rows = batch.wait()
    assert (len(rows), batch.on_show.snapshot().phase) == (12, Phase.FINISHED)
