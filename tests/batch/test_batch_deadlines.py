"""Time limits: of a row, and of a run. What was answered in time is kept."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import suppress
from unittest.mock import DEFAULT, AsyncMock

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import BatchPausedError, InvalidRequestError, StoreUnavailableError
from batch.batch_worlds import TASKS, WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

TURNS = ["Describe the harbour.", "And the ships?"]
IN_TIME = [n for n in range(12) if n != 4]


@pytest.fixture
def one_is_slow(sim: aijobs.Mock) -> aijobs.Mock:
    sim.on(prompt="*harbour 4.").do(aijobs.fail("timeout").forever())
    return sim


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("one_is_slow")
async def test_a_row_that_takes_too_long_fails_and_the_others_do_not(backend: WatchedBackend, name: str | None) -> None:
    rows = await a_batch(backend, row_timeout=20, name=name).run()
    assert [row.index for row in rows if row.status == "completed"] == IN_TIME
    error = rows[4].error
    assert error is not None
    assert (error.code, error.category) == ("row_timeout", ErrorCategory.TIMEOUT)
    assert 20 <= asyncio.get_running_loop().time() < 30


@pytest.mark.usefixtures("one_is_slow")
async def test_a_row_that_took_too_long_reads_the_same_from_the_journal(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, row_timeout=20, name="harbours").run()
    found = AsyncBatch(backend, name="harbours")
    await found.refresh()
    assert found.results[4].error == rows[4].error


@pytest.mark.parametrize("name", [None, "harbours"])
async def test_a_row_that_took_too_long_is_retried_as_any_other(
    one_is_slow: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    batch = a_batch(backend, row_timeout=20, name=name)
    await batch.run()
    one_is_slow.on(prompt="*harbour 4.").do(aijobs.ok("At last.").forever())
    assert (await batch.retry_failures())[4].content == "At last."
    assert len(backend.sent) == 13


@pytest.fixture
def each_turn_takes_a_while(sim: aijobs.Mock) -> aijobs.Mock:
    """It takes more than 12 seconds, and fewer than 20."""
    for prompt in TURNS:
        sim.on(prompt=prompt).do(aijobs.fail(500, seconds=12), aijobs.ok("Ships.").forever())
    return sim


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("each_turn_takes_a_while")
async def test_all_turns_of_a_row_share_its_time(backend: WatchedBackend, name: str | None) -> None:
    [row] = await a_batch(backend, TASKS[:1], prompt=TURNS, row_timeout=20, name=name).run()
    assert row.error is not None
    assert (row.error.code, row.answers) == ("row_timeout", ("Ships.",))
    assert asyncio.get_running_loop().time() < 24


@pytest.mark.usefixtures("each_turn_takes_a_while")
async def test_a_row_whose_turns_took_too_long_together_reads_the_same_from_the_journal(
    backend: WatchedBackend,
) -> None:
    [row] = await a_batch(backend, TASKS[:1], prompt=TURNS, row_timeout=20, name="harbours").run()
    found = AsyncBatch(backend, name="harbours")
    await found.refresh()
    assert [(read.error, read.answers) for read in found.results] == [(row.error, row.answers)]


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("each_turn_takes_a_while")
async def test_a_row_that_is_retried_has_its_time_anew(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, TASKS[:1], prompt=TURNS, row_timeout=20, name=name)
    await batch.run()
    assert (await batch.retry_failures())[0].answers == ("Ships.", "Ships.")


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("each_turn_takes_a_while")
async def test_the_time_without_a_run_is_none_of_a_rows(backend: WatchedBackend, name: str | None) -> None:
    """A first turn that was under way while nobody ran the batch leaves the second all the time that it needs."""
    batch = a_batch(backend, TASKS[:1], prompt=TURNS, row_timeout=20, name=name)
    await interrupted(batch, after=5)
    await asyncio.sleep(4)
    assert (await batch.run())[0].answers == ("Ships.", "Ships.")


async def test_a_turn_that_was_cancelled_with_its_batch_is_no_failure_after_one_that_nobody_timed(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    """A first turn may take longer than a row, while no run is there: that says nothing about the second."""
    sim.on(prompt=TURNS[0]).do(aijobs.fail(500, seconds=12), aijobs.fail(500, seconds=12), aijobs.ok("Ships."))
    sim.on(prompt=TURNS[1]).do(aijobs.fail("timeout").forever())
    batch = a_batch(backend, TASKS[:1], prompt=TURNS, row_timeout=20, name="harbours")
    await interrupted(batch, after=10)
    await asyncio.sleep(20)
    await interrupted(batch, after=5)
    await batch.cancel()
    await batch.refresh()
    assert (batch.progress.state, batch.progress.failed) == (BatchState.CANCELLED, 0)


async def interrupted(batch: AsyncBatch, *, after: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(after):
            await batch.run()


@pytest.mark.parametrize("name", [None, "harbours"])
@pytest.mark.usefixtures("one_is_slow")
async def test_a_run_past_its_deadline_pauses_with_what_it_has(backend: WatchedBackend, name: str | None) -> None:
    batch = a_batch(backend, deadline=60, name=name)
    with pytest.raises(BatchPausedError, match="The deadline of 60 s is over"):
        await batch.run()
    assert [row.index for row in batch.results] == IN_TIME
    assert (batch.progress.state, batch.progress.running, batch.progress.failed) == (BatchState.PAUSED, 0, 0)
    assert 60 <= asyncio.get_running_loop().time() < 70


@pytest.mark.usefixtures("one_is_slow")
async def test_a_deadline_holds_though_the_store_is_away_when_it_is_over(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    away_once = AsyncMock(wraps=backend.cancel, side_effect=[StoreUnavailableError("It is away."), DEFAULT])
    monkeypatch.setattr(backend, "cancel", away_once, raising=False)
    with pytest.raises(BatchPausedError, match="deadline"):
        await a_batch(backend, deadline=20).run()
    assert asyncio.get_running_loop().time() < 25


@pytest.mark.parametrize("name", [None, "harbours"])
async def test_the_next_run_has_a_deadline_of_its_own(
    backend: WatchedBackend, sim: aijobs.Mock, name: str | None
) -> None:
    sim.on(prompt="*harbour 4.").do(aijobs.fail("timeout").forever())
    batch = a_batch(backend, deadline=60, name=name)
    with pytest.raises(BatchPausedError):
        await batch.run()
    sim.on(prompt="*harbour 4.").do(aijobs.ok("At last.").forever())
    rows = await batch.run()
    assert rows[4].content == "At last."
    assert len(rows) == 12


async def test_a_deadline_in_a_rate_limit_does_not_wait_for_its_end(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail(429, retry_after=900))
    batch = a_batch(backend, deadline=60)
    with pytest.raises(BatchPausedError, match="deadline"):
        await batch.run()
    assert asyncio.get_running_loop().time() < 70


@pytest.mark.parametrize("limit", ["row_timeout", "deadline"])
async def test_infinity_is_no_limit_and_is_kept_as_that(backend: WatchedBackend, limit: str) -> None:
    await a_batch(backend, TASKS[:1], name="harbours", **{limit: math.inf}).run()
    record = await backend.batch("harbours")
    assert json.loads(json.dumps(record.settings, allow_nan=False))[limit] is None


@pytest.mark.parametrize("limit", ["row_timeout", "deadline"])
@pytest.mark.parametrize("seconds", [0, -1, "soon", float("nan")])
async def test_a_limit_that_is_no_time_is_refused(backend: WatchedBackend, limit: str, seconds: object) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{limit}`"):
        a_batch(backend, TASKS, **{limit: seconds})
