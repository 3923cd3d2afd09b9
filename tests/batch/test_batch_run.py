"""What running a batch promises: order, repeatability, failures as rows, and nothing paid for twice."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import count

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.row import ALL_COLUMNS
from aijobs_sdk.client.async_client import AsyncClient
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.errors import BatchNotFoundError, BatchPausedError, InvalidRequestError
from batch.batch_worlds import QUESTIONS, TASKS, WatchedBackend, a_batch, until

pytestmark = pytest.mark.anyio

BAD_ROW = {"task": "x " * 900_000}
"""Longer than a model's context window."""


def billed(rows: Sequence[aijobs.BatchRow]) -> list[tuple[object, ...]]:
    return [(row.content, row.input_tokens, row.output_tokens, row.credits, row.attempts) for row in rows]


def indices(rows: Sequence[aijobs.BatchRow]) -> list[int]:
    return [row.index for row in rows]


@pytest.mark.parametrize("concurrency", [1, 5, 50])
async def test_results_come_in_the_order_of_the_input(backend: WatchedBackend, concurrency: int) -> None:
    rows = await a_batch(backend, concurrency=concurrency).run()
    assert [row.inputs for row in rows] == TASKS
    assert indices(rows) == list(range(12))


@pytest.mark.parametrize("profile", ["fast", "stress"])
async def test_concurrency_changes_no_text_no_token_and_no_credit(profile: str) -> None:
    with aijobs.mock(seed=3, profile=profile):
        one, fifty = aijobs.AsyncClient(), aijobs.AsyncClient()
    slow = await a_batch(one._backend, concurrency=1).run()
    quick = await a_batch(fifty._backend, concurrency=50).run()
    assert billed(slow) == billed(quick)


async def test_no_more_rows_than_the_window_are_under_way(backend: WatchedBackend) -> None:
    await a_batch(backend, concurrency=3).run()
    assert backend.most_awaited == 3


async def test_a_template_reaches_into_nested_columns(backend: WatchedBackend) -> None:
    await a_batch(backend, QUESTIONS, prompt="{category}: {turns[1]}").run()
    assert backend.sent[3].payload["prompt"] == "harbour: Make it friendlier."


async def test_parameters_are_those_of_every_row(backend: WatchedBackend) -> None:
    await a_batch(backend, system="Be brief.", temperature=0.5, max_tokens=20).run()
    assert all(sent.payload["max_tokens"] == 20 for sent in backend.sent)
    assert backend.sent[0].payload == {
        "stream": False,
        "prompt": "Write about harbour 0.",
        "model": "gpt-5.2",
        "system": "Be brief.",
        "temperature": 0.5,
        "max_tokens": 20,
    }


async def test_a_failed_row_keeps_its_error_and_leaves_the_others_alone(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="*harbour 4.").do(aijobs.fail("content_filter"))
    batch = a_batch(backend)
    rows = await batch.run()
    assert (len(rows), indices(batch.failures)) == (12, [4])
    error = rows[4].error
    assert error is not None
    assert (error.code, rows[4].content, rows[4].credits) == ("content_filtered", None, None)


async def test_retry_failures_runs_only_those(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 4.").do(aijobs.fail(503) * 3)
    batch = a_batch(backend)
    await batch.run()
    sim.on(prompt="*harbour 4.").do(aijobs.ok("Better now."))
    rows = await batch.retry_failures()
    assert (len(backend.sent), len(rows), batch.failures) == (13, 12, [])
    assert rows[4].content == "Better now."
    assert batch.progress.failed == 0


async def test_a_retried_row_draws_its_fate_anew(backend: WatchedBackend, sim: aijobs.Mock) -> None:
    sim.on(prompt="*harbour 0.").do(aijobs.fail("content_filter"))
    batch = a_batch(backend, TASKS[:1])
    await batch.run()
    await batch.retry_failures()
    first, second = backend.sent
    assert first.draw_key != second.draw_key


async def test_running_again_sends_nothing_again(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    assert await batch.run() == await batch.run()
    assert len(backend.sent) == 12


async def test_two_runs_at_once_send_each_row_once(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    one, other = await asyncio.gather(batch.run(), batch.run())
    assert one == other
    assert len(backend.sent) == 12


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1])
async def test_an_interrupted_run_goes_on_where_it_was(backend: WatchedBackend, seconds: float) -> None:
    batch = a_batch(backend, concurrency=3)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(batch.run(), seconds)
    assert backend.awaited == 0
    assert indices(await batch.run()) == list(range(12))
    assert len(backend.sent) == 12


async def test_a_run_interrupted_while_a_row_is_sent_pays_for_it_once(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = a_batch(backend, TASKS[:1])
    backend.answers = False
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(batch.run(), 1)
    backend.answers = True
    await batch.run()
    assert len(sim.calls) == 1


async def test_an_error_of_the_backend_reaches_the_caller_as_itself(backend: WatchedBackend) -> None:
    backend.breaks_at = 5
    with pytest.raises(ConnectionResetError, match=r"The line is dead\."):
        await a_batch(backend).run()
    assert backend.awaited == 0


async def test_a_broken_run_leaves_no_task_behind_and_can_go_on(backend: WatchedBackend) -> None:
    await backend.submit([])  # starts the workers
    before = asyncio.all_tasks()
    backend.breaks_at = 5
    batch = a_batch(backend, concurrency=3)
    with pytest.raises(ConnectionResetError):
        await batch.run()
    running_jobs = {task for task in asyncio.all_tasks() - before if "Attempts._work" not in repr(task)}
    assert running_jobs == set()
    backend._unheard_of.clear()
    assert indices(await batch.run()) == list(range(12))
    assert len(backend.sent) == 12


async def test_cancelling_stops_what_runs_and_sends_no_more(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=4)
    await batch.start()
    await asyncio.sleep(0.001)
    await batch.cancel()
    rows = await batch.wait()
    jobs = [await backend.get(job.id) async for job in AsyncClient(backend).list()]
    assert [job.cancelled() for job in jobs] == [True] * 4
    assert (len(rows), len(backend.sent), batch.progress.running) == (0, 4, 0)


async def test_a_cancelled_batch_can_be_finished(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=4)
    await batch.start()
    await asyncio.sleep(0.001)
    await batch.cancel()
    await batch.wait()
    assert [row.status for row in await batch.run()] == ["completed"] * 12


async def test_what_an_interrupted_run_left_can_be_cancelled_and_finished(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=4)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(batch.run(), 0.001)
    await batch.cancel()
    assert [row.status for row in await batch.run()] == ["completed"] * 12


async def test_progress_counts_what_runs_and_what_is_done(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 0.").do(aijobs.fail("timeout", seconds=5))
    batch = a_batch(backend, concurrency=4)
    await batch.start()
    await asyncio.sleep(4)
    now = batch.progress
    assert (now.total, now.completed, now.failed, now.running) == (12, 11, 0, 1)
    assert (now.finished, now.retries) == (11, 0)
    assert now.elapsed_seconds == pytest.approx(4)
    assert now.eta_seconds == pytest.approx(4 / 11)
    await batch.wait()
    assert (batch.progress.running, batch.progress.retries) == (0, 1)


async def test_progress_sums_what_the_rows_say(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    rows = await batch.run()
    assert batch.progress.credits == sum((row.credits or Decimal(0) for row in rows), Decimal(0))
    assert batch.progress.output_tokens == sum(row.output_tokens or 0 for row in rows)


async def test_time_passes_only_while_a_batch_runs(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    assert batch.progress.elapsed_seconds == 0
    await batch.run()
    ran = batch.progress.elapsed_seconds
    await asyncio.sleep(3600)
    await batch.run()
    assert batch.progress.elapsed_seconds == ran


async def test_waiting_times_out_and_the_batch_goes_on(backend: WatchedBackend) -> None:
    batch = a_batch(backend, concurrency=1)
    await batch.start()
    with pytest.raises(TimeoutError, match=r"0 of 12 rows are finished after 0\.001 s; the batch keeps running"):
        await batch.wait(timeout=0.001)
    assert len(await batch.wait()) == 12


async def test_waiting_for_a_batch_that_broke_says_so(backend: WatchedBackend) -> None:
    backend.breaks_at = 0
    batch = a_batch(backend)
    await batch.start()
    await asyncio.sleep(10)
    with pytest.raises(ConnectionResetError):
        await batch.wait()


@pytest.mark.parametrize("first", [AsyncBatch.wait, AsyncBatch.start])
async def test_a_run_that_broke_is_not_told_of_a_later_one(
    backend: WatchedBackend, first: Callable[[AsyncBatch], Awaitable[object]]
) -> None:
    batch = AsyncBatch(backend, name="harbours")
    await asyncio.gather(first(batch), return_exceptions=True)
    await a_batch(backend, name="harbours").run()
    await batch.run()
    assert len(await batch.wait()) == 12


async def test_who_waits_again_after_a_run_that_broke_begins_another(backend: WatchedBackend) -> None:
    batch = AsyncBatch(backend, name="harbours")
    with pytest.raises(BatchNotFoundError):
        await batch.wait()
    await a_batch(backend, name="harbours").run()
    assert len(await batch.wait()) == 12


async def close_the_client_of_a_batch() -> None:
    async with aijobs.AsyncClient() as client:
        batch = client.batch(TASKS, prompt="{task}", model="gpt-5.2")
        await batch.start()
        await until(lambda: batch.progress.running == 12)
    await until(lambda: batch.progress.state == BatchState.PAUSED)


async def test_closing_the_client_of_a_batch_in_the_background_is_no_complaint(
    sim: aijobs.Mock, caplog: pytest.LogCaptureFixture
) -> None:
    sim.on().do(aijobs.fail(429, retry_after=900))
    await close_the_client_of_a_batch()
    gc.collect()  # only then asyncio complains of errors that nobody looked at
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


async def test_waiting_begins_a_batch_nobody_started(backend: WatchedBackend) -> None:
    assert len(await a_batch(backend).wait(timeout=60)) == 12


async def test_the_refusal_of_rows_is_told_in_sentences(backend: WatchedBackend) -> None:
    with pytest.raises(InvalidRequestError, match=r"got a number \(int\)\. Neither can 11 more\. Nothing was sent\.$"):
        await a_batch(backend, max_tokens=0).run()


async def test_an_unknown_model_refuses_the_batch(backend: WatchedBackend) -> None:
    batch = a_batch(backend, model="gpt-5")
    with pytest.raises(InvalidRequestError, match=r"Did you mean 'gpt-5\.2'\?"):
        await batch.run()
    assert (backend.sent, len(batch.results)) == ([], 0)


async def test_a_prompt_past_the_context_window_refuses_the_batch_by_its_row(backend: WatchedBackend) -> None:
    batch = a_batch(backend, [*TASKS[:5], BAD_ROW, *TASKS[5:]])
    with pytest.raises(InvalidRequestError, match=r"Row 6 \(index 5\) .* reads at most 400,000") as refused:
        await batch.run()
    assert (refused.value.code, backend.sent, len(batch.results)) == ("context_too_long", [], 0)


async def test_all_rows_that_cannot_be_sent_are_counted(backend: WatchedBackend) -> None:
    rows = [row | {"model": model} for row, model in zip(TASKS, ["gpt-5.2", "gpt-5"] * 6, strict=True)]
    with pytest.raises(InvalidRequestError, match=r"Row 2 \(index 1\) .* Neither can 5 more\.") as refused:
        await a_batch(backend, rows, model="{model}").run()
    assert [problem.field for problem in refused.value.fields][:2] == ["rows[1]", "rows[3]"]
    assert backend.sent == []


async def test_what_a_backend_refuses_later_fails_that_row_alone(backend: WatchedBackend) -> None:
    backend.refuses_at = 3
    batch = a_batch(backend, concurrency=1)
    rows = await batch.run()
    assert indices(batch.failures) == [3]
    assert (rows[3].attempts, rows[3].job_id) == (0, None)


async def test_usage_is_that_of_this_batch(backend: WatchedBackend) -> None:
    await a_batch(backend, TASKS[:3]).run()
    batch = a_batch(backend, TASKS[3:5])
    rows = await batch.run()
    usage = await batch.usage()
    assert {row.metadata["job_id"] for row in usage} == {str(row.job_id) for row in rows}
    assert sum((row.credits_used for row in usage), Decimal(0)) == batch.progress.credits


async def test_usage_of_nothing_is_nothing(backend: WatchedBackend) -> None:
    assert await a_batch(backend).usage() == []


async def test_a_frame_holds_the_inputs_and_our_columns(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    await batch.run()
    frame = batch.to_pandas()
    assert list(frame.columns) == ["task", *ALL_COLUMNS]
    assert frame["credits"].sum() == batch.progress.credits


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prompt": "{tsak}"}, r"Row 1 \(index 0\): .* no column 'tsak'. Did you mean 'task'\?"),
        ({"prompt": "{"}, "`prompt` is not a template"),
        ({"model": "{modle}"}, r"Row 1 \(index 0\): the model template .* no column 'modle'"),
        ({"concurrency": 0}, "`concurrency` must be 1 or more"),
        ({"rows": [*TASKS, {"task": " "}]}, r"Row 13 \(index 12\): the prompt is empty; fill the columns"),
    ],
)
async def test_bad_input_is_refused_when_the_batch_is_made(
    backend: WatchedBackend, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        a_batch(backend, **options)
    assert backend.sent == []


@pytest.mark.parametrize(
    ("stop", "state"), [(AsyncBatch.cancel, BatchState.CANCELLED), (AsyncBatch.pause, BatchState.PAUSED)]
)
async def test_rows_without_an_end_are_read_until_somebody_stops_it(
    backend: WatchedBackend, stop: Callable[[AsyncBatch], Awaitable[None]], state: BatchState
) -> None:
    """Whoever gave it an endless source, or a far too long one, need not wait until its rows have filled the disk."""
    batch = a_batch(backend, ({"task": f"Write about harbour {n}."} for n in count()))
    await batch.start()
    await until(lambda: batch.progress.total > 1_000)
    await stop(batch)
    with suppress(BatchPausedError):
        await batch.wait(timeout=60)
    assert (batch.progress.state, batch.progress.finished, backend.sent) == (state, 0, [])


async def test_a_batch_that_was_paused_while_its_rows_were_read_goes_on_with_the_next(backend: WatchedBackend) -> None:
    """No row of a generator is lost, and none comes twice."""
    batch = a_batch(backend, ({"task": f"Write about harbour {n}."} for n in range(1_200)))
    await batch.start()
    await until(lambda: batch.progress.total > 100)
    await batch.pause()
    with pytest.raises(BatchPausedError, match="paused"):
        await batch.wait()
    rows = await batch.run()
    assert [row.inputs["task"] for row in rows] == [f"Write about harbour {n}." for n in range(1_200)]
