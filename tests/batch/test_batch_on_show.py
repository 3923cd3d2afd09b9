"""A batch on show: the truth about it at any moment, in numbers, from any thread."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.journal.journal import Journal, new_holder
from aijobs_sdk.contract.batches import BatchStanding, BatchState
from aijobs_sdk.contract.errors import BatchPausedError, InvalidRequestError
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Command, Phase
from batch.batch_worlds import TASKS, WatchedBackend, a_batch, until

pytestmark = pytest.mark.anyio


def now(batch: AsyncBatch) -> BatchSnapshot:
    return batch.on_show.snapshot()


async def under_way(batch: AsyncBatch) -> AsyncBatch:
    """Return the batch once its first row was answered, and the rest is under way."""
    await batch.start()
    await until(lambda: batch.progress.completed)
    return batch


async def test_a_batch_that_was_not_begun_is_ready_to_start(backend: WatchedBackend) -> None:
    batch = a_batch(backend, name="harbours", budget=500)
    batch.show()
    assert now(batch) == BatchSnapshot(
        title="harbours", phase=Phase.READY, total=0, budget=Decimal(500), commands=(Command.START,)
    )


async def test_what_nobody_can_be_asked_of_is_not_offered(backend: WatchedBackend) -> None:
    assert now(a_batch(backend)).commands == ()  # it was never seen on a loop


async def test_a_run_that_was_called_is_running_before_its_rows_are_read(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    await batch.start()
    began = now(batch)
    await batch.wait()
    assert (began.phase, began.note) == (Phase.RUNNING, "Its rows are being read and checked.")


async def test_a_running_batch_shows_what_its_progress_says(backend: WatchedBackend) -> None:
    batch = await under_way(a_batch(backend, concurrency=2))
    shown, progress = now(batch), batch.progress
    assert (shown.phase, shown.total, shown.running) == (Phase.RUNNING, 12, progress.running)
    assert (shown.completed, shown.credits, shown.models) == (1, progress.credits, ("gpt-5.2",))
    assert shown.commands == (Command.PAUSE, Command.CANCEL)


async def test_it_is_equal_where_nothing_changed_however_much_time_passed(backend: WatchedBackend) -> None:
    batch = await under_way(a_batch(backend, concurrency=1))
    first, second = now(batch), now(batch)
    assert (first, first.causes is second.causes) == (second, True)


async def test_a_finished_batch_asks_nothing_more_of_anybody(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    await batch.run()
    shown = now(batch)
    assert (shown.phase, shown.completed, shown.commands, shown.tail) == (Phase.FINISHED, 12, (), None)


async def test_the_answer_that_came_last_is_shown_from_its_beginning(backend: WatchedBackend) -> None:
    batch = await under_way(a_batch(backend, concurrency=1))
    [row] = batch.results
    tail = now(batch).tail
    assert (tail and tail.label) == f"row {row.index + 1}"
    assert tail is not None
    assert len(tail.text) <= 240
    assert " ".join(str(row.content).split()).startswith(tail.text.removesuffix("…"))


async def test_failures_are_counted_by_cause_without_reading_rows(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour [0-6].").do(aijobs.fail("content_filter").forever())
    sim.on(prompt="*harbour [89].").do(aijobs.fail(503).forever())
    batch = a_batch(backend)
    await batch.run()
    first, second = now(batch).causes
    assert (first.code, first.count, first.examples) == ("content_filtered", 7, (1, 2, 3, 4, 5))
    assert (second.count, second.examples) == (2, (9, 10))
    assert [one.code for one in batch.failures.by_cause()] == [first.code, second.code]
    assert [one.message for one in batch.failures.by_cause()] == [first.message, second.message]


async def test_rows_that_share_a_failure_are_all_counted(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail("content_filter"))
    batch = a_batch(backend, TASKS[:1] * 7)
    await batch.run()
    [cause] = now(batch).causes
    assert (cause.count, cause.examples) == (7, (1, 2, 3, 4, 5))


async def test_a_paused_batch_says_why_and_how_it_goes_on(backend: WatchedBackend) -> None:
    batch = await under_way(a_batch(backend, concurrency=2))
    await batch.pause()
    pausing = now(batch)
    with pytest.raises(BatchPausedError):
        await batch.wait()
    paused = now(batch)
    assert (pausing.phase, pausing.note) == (Phase.RUNNING, "Somebody paused it. Those under way are waited for.")
    assert pausing.commands == (Command.CANCEL,)
    assert (paused.phase, paused.note) == (Phase.PAUSED, "Somebody paused it.")
    assert paused.commands == (Command.RESUME, Command.CANCEL)


async def test_an_interrupted_batch_is_paused_and_says_so(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=1)
    run = asyncio.create_task(batch.run())
    await until(lambda: batch.progress.completed)
    run.cancel()
    await asyncio.wait([run])
    assert (now(batch).phase, now(batch).note) == (Phase.PAUSED, "It was interrupted.")


async def test_a_cancelled_batch_is_over(backend: WatchedBackend) -> None:
    batch = await under_way(a_batch(backend, concurrency=2))
    await batch.cancel()
    cancelling = now(batch)
    await batch.wait()
    assert (cancelling.note, cancelling.commands) == ("It is being cancelled.", ())
    assert (now(batch).phase, now(batch).commands) == (Phase.CANCELLED, ())


async def test_rows_that_cannot_be_used_are_named_where_it_is_shown(backend: WatchedBackend) -> None:
    batch = a_batch(backend, [*TASKS * 20, {"task": ""}])
    batch.show()
    await batch.start()
    await until(lambda: not batch.runs.is_going_on)
    shown = now(batch)
    assert (shown.phase, shown.commands) == (Phase.READY, (Command.START,))
    assert shown.note.startswith("Row 241 (index 240): the prompt is empty")
    with pytest.raises(InvalidRequestError):
        await batch.wait()


async def test_a_batch_whose_runner_died_is_paused(backend: WatchedBackend) -> None:
    await a_batch(backend, name="harbours").run()
    journal = await Journal.find(backend, "harbours")
    dead = new_holder().replace(pid=2**22 + 1)
    await journal.hold(dead, BatchStanding(state=BatchState.RUNNING, completed=5))
    found = AsyncBatch(backend, name="harbours")
    await found.refresh()
    assert (now(found).phase, now(found).completed) == (Phase.PAUSED, 12)
    assert now(found).note == "The process that ran it has ended before its work was done."


async def test_it_says_in_a_line_how_it_stands(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, name="harbours")
    before = repr(batch)
    await batch.run()
    assert before == "<AsyncBatch 'harbours' ready>"
    line = r"<AsyncBatch 'harbours' finished 12/12 rows, 1 failed, \d+\.\d\d credits>"
    assert re.fullmatch(line, repr(batch))


async def test_its_page_holds_the_final_numbers(backend: WatchedBackend) -> None:
    batch = a_batch(backend, name="<i>harbours</i>")
    await batch.run()
    page = batch._repr_html_()
    assert "12 of 12" in page
    assert "&lt;i&gt;harbours&lt;/i&gt;" in page
