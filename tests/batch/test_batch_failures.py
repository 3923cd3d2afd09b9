"""Failures: collected, grouped, retried alone; or the first one ends the run, where somebody wants that."""

from __future__ import annotations

import asyncio

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.errors import BatchPausedError
from batch.batch_worlds import TASKS, WatchedBackend, a_batch, until

pytestmark = pytest.mark.anyio

NAMES = pytest.mark.parametrize("name", [None, "harbours"])


async def test_failures_are_grouped_by_their_cause(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour [0-4].").do(aijobs.fail("content_filter").forever())
    sim.on(prompt="*harbour [67].").do(aijobs.fail(503).forever())
    batch = a_batch(backend)
    await batch.run()
    first, second = batch.failures.by_cause()
    assert (first.code, first.count, first.examples) == ("content_filtered", 5, (0, 1, 2))
    assert (second.count, second.examples) == (2, (6, 7))
    assert repr(batch.failures).startswith("7 failed rows:\n  5 x content_filtered")


@NAMES
async def test_only_failures_are_retried(sim: aijobs.Mock, backend: WatchedBackend, name: str | None) -> None:
    sim.on(prompt="*harbour [0-4].").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, name=name)
    await batch.run()
    before = len(sim.calls)
    sim.on(prompt="*harbour [0-4].").do(aijobs.ok("Mended.").forever())
    rows = await batch.retry_failures()
    assert [row.content for row in rows[:5]] == ["Mended."] * 5
    assert len(sim.calls) - before == 5


@NAMES
async def test_what_fails_again_can_be_retried_again(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, name=name)
    await batch.run()
    await batch.retry_failures()
    assert [row.index for row in batch.failures] == [3]
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    assert (await batch.retry_failures())[3].content == "Mended."
    assert batch.failures == []


@NAMES
async def test_what_failed_in_the_run_before_is_retried_by_the_one_under_way(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, name=name, concurrency=1)
    await batch.start()
    await until(lambda: batch.failures)
    await batch.pause()
    with pytest.raises(BatchPausedError):
        await batch.wait()
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    await batch.start()
    await until(lambda: batch.progress.completed > 5)
    assert (await batch.retry_failures())[3].content == "Mended."


async def test_a_second_process_retries_the_failures_of_the_first(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    await a_batch(backend, name="harbours").run()
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    before = len(sim.calls)
    again = a_batch(backend, name="harbours")
    assert [row.index for row in await again.run() if row.status == "failed"] == [3]
    assert (await again.retry_failures())[3].content == "Mended."
    assert len(sim.calls) - before == 1


async def test_a_third_process_finds_what_the_retry_of_the_second_came_to(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="*harbour [35].").do(aijobs.fail("content_filter").forever())
    await a_batch(backend, name="harbours").run()
    sim.on(prompt="*harbour 3.").do(aijobs.ok("Mended.").forever())
    await a_batch(backend, name="harbours").retry_failures()
    before = len(sim.calls)
    third = a_batch(backend, name="harbours")
    rows = await third.run()
    assert (rows[3].content, [row.index for row in third.failures]) == ("Mended.", [5])
    assert len(sim.calls) == before


@NAMES
async def test_the_first_failure_ends_a_run_that_is_to_fail_fast(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    sim.on(prompt="*harbour 2.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, fail_fast=True, concurrency=1, name=name)
    with pytest.raises(BatchPausedError, match=r"Row 3 \(index 2\) failed: "):
        await batch.run()
    assert (len(sim.calls), batch.progress.state) == (3, BatchState.PAUSED)
    assert [row.status for row in batch.results] == ["completed", "completed", "failed"]


@NAMES
async def test_a_run_whose_last_row_fails_fast_has_finished(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    sim.on(prompt="*harbour 2.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend, TASKS[:3], fail_fast=True, concurrency=1, name=name)
    rows = await batch.run()
    assert ([row.status for row in rows], batch.progress.state) == (["completed"] * 2 + ["failed"], BatchState.FINISHED)


async def test_a_pause_that_finds_every_row_under_way_lets_the_run_finish(backend: WatchedBackend) -> None:
    batch = a_batch(backend)
    await batch.start()
    await asyncio.sleep(0.1)
    await batch.pause()
    assert (len(await batch.wait()), batch.progress.state) == (12, BatchState.FINISHED)


async def test_those_under_way_when_one_fails_fast_are_kept(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 2.").do(aijobs.fail("content_filter", seconds=0).forever())
    batch = a_batch(backend, fail_fast=True, concurrency=6)
    with pytest.raises(BatchPausedError):
        await batch.run()
    assert len(batch.results) == len(backend.sent)
    assert batch.progress.running == 0


async def test_rows_that_share_a_failure_are_one_retry(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail("content_filter"))
    batch = a_batch(backend, TASKS[:1] * 5)
    await batch.run()
    assert len(batch.failures) == 5
    sim.on().do(aijobs.ok("Mended.").forever())
    assert [row.content for row in await batch.retry_failures()] == ["Mended."] * 5
    assert len(sim.calls) == 2


async def test_a_skipped_row_is_neither_sent_nor_failed(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    rows = [*TASKS[:3], {"task": None}, *TASKS[3:]]
    batch = a_batch(backend, rows, on_null="skip")
    done = await batch.run()
    assert [row.index for row in done if row.status == "skipped"] == [3]
    assert (len(sim.calls), batch.failures, batch.progress.skipped) == (12, [], 1)
    assert [row.inputs for row in done] == rows
    await batch.retry_failures()
    assert len(sim.calls) == 12


async def test_rows_that_are_asked_again_are_yielded_when_that_is_over(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="*harbour [0-4].").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend)
    rows = batch.as_completed()
    first = await anext(rows)
    await until(lambda: batch.progress.failed == 5)
    sim.on(prompt="*harbour [0-4].").do(aijobs.ok("Mended.").forever())
    retried = asyncio.create_task(batch.retry_failures())
    await until(lambda: batch.progress.failed == 0)
    seen = [row async for row in rows]
    await retried
    assert (first.status, {row.status for row in seen}) == ("failed", {"completed"})
    assert sorted(row.index for row in seen) == list(range(12))


async def test_a_slow_loop_is_given_rows_that_are_asked_again_after_the_run(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    """Whoever looks at rows one by one sees the end of each, be it that of a second asking after all were over."""
    sim.on(prompt="*harbour 3.").do(aijobs.fail("content_filter").forever())
    batch = a_batch(backend)
    rows = batch.as_completed()
    seen = [await anext(rows)]
    await batch.wait()
    sim.on(prompt="*harbour 3.").do(aijobs.fail(500, seconds=5), aijobs.ok("Mended."))
    retried = asyncio.create_task(batch.retry_failures())
    await asyncio.sleep(1)
    seen += [row async for row in rows]
    assert {row.index: row.content for row in seen}[3] == (await retried)[3].content == "Mended."
