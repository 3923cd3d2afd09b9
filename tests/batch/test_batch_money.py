"""No money for nothing: what is broken is found out by a few calls, and what was answered is never asked again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.errors import BatchPausedError
from batch.batch_worlds import WatchedBackend, a_batch, billed

pytestmark = pytest.mark.anyio

LONG_AGO, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ROWS = [{"task": f"Rate letter {n}."} for n in range(300)]


class Rating(BaseModel):
    stars: int


def too_strict() -> type[BaseModel]:
    """Return a model of the same name and schema that takes no answer at all."""

    class Rating(BaseModel):
        stars: int

        @field_validator("stars")
        @classmethod
        def never(cls, stars: int) -> int:
            raise ValueError("no such rating")

    return Rating


async def test_an_answer_that_was_cut_off_is_a_result_and_one_call(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail("max_tokens").forever())
    rows = await a_batch(backend, ROWS[:50]).run()
    assert {(row.status, row.finish_reason) for row in rows} == {("completed", "length")}
    assert all(row.content for row in rows)
    assert len(sim.calls) == 50


@pytest.mark.parametrize("fault", ["auth", "quota_exhausted"])
async def test_a_broken_account_costs_a_few_calls_and_fails_no_row(
    sim: aijobs.Mock, backend: WatchedBackend, fault: str
) -> None:
    sim.on().do(aijobs.fail(fault).forever())
    batch = a_batch(backend, ROWS, concurrency=200)
    with pytest.raises(BatchPausedError, match="no row has failed of it"):
        await batch.run()
    assert len(sim.calls) <= 16
    assert (batch.progress.state, batch.progress.failed, batch.progress.running) == (BatchState.PAUSED, 0, 0)


@pytest.mark.parametrize("name", [None, "ratings"])
async def test_a_mended_account_goes_on_with_every_row(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    sim.on().do(aijobs.fail("auth").forever())
    batch = a_batch(backend, ROWS, name=name)
    with pytest.raises(BatchPausedError):
        await batch.run()
    refused = len(sim.calls)
    sim.on().do(aijobs.ok("Fine.").forever())
    assert {row.content for row in await batch.run()} == {"Fine."}
    assert len(sim.calls) - refused == 300


async def test_an_account_that_breaks_on_the_way_keeps_what_it_had(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="Rate letter 1[0-9][0-9].").do(aijobs.fail("quota_exhausted").forever())
    batch = a_batch(backend, ROWS, concurrency=10)
    with pytest.raises(BatchPausedError):
        await batch.run()
    assert {row.status for row in batch.results} == {"completed"}
    assert 90 <= len(batch.results) <= 100


async def test_an_answer_that_does_not_fit_is_asked_about_once_and_shown(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on().do(aijobs.ok("Five stars.").forever())
    rows = await a_batch(backend, ROWS[:20], output_model=Rating).run()
    assert {(row.status, row.content) for row in rows} == {("failed", "Five stars.")}
    assert {row.error.code for row in rows if row.error} == {"invalid_output"}
    assert len(sim.calls) == 40


async def test_an_answer_that_fits_after_a_second_asking_is_a_result(backend: WatchedBackend, sim: aijobs.Mock) -> None:
    sim.on(prompt="Rate*").do(aijobs.ok('{"stars": "many"}').forever())
    sim.on(prompt="This does not fit*").do(aijobs.ok('{"stars": 5}').forever())
    rows = await a_batch(backend, ROWS[:20], output_model=Rating).run()
    assert [row.output for row in rows] == [Rating(stars=5)] * 20
    assert len(sim.calls) == 40


async def test_an_object_that_was_cut_off_is_not_asked_about(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail("max_tokens", after_tokens=1).forever())
    rows = await a_batch(backend, ROWS[:20], output_model=Rating).run()
    assert {row.status for row in rows} == {"failed"}
    assert len(sim.calls) == 20


async def test_a_mended_model_reads_what_is_there_already(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.ok('{"stars": 4}').forever())
    strict = a_batch(backend, ROWS[:20], name="ratings", output_model=too_strict())
    assert {row.status for row in await strict.run()} == {"failed"}
    before = len(sim.calls)
    mended = await a_batch(backend, ROWS[:20], name="ratings", output_model=Rating).run()
    assert [row.output for row in mended] == [Rating(stars=4)] * 20
    assert len(sim.calls) == before


async def test_second_askings_that_a_mended_model_has_no_need_of_are_billed_all_the_same(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on().do(aijobs.ok('{"stars": 4}').forever())
    await a_batch(backend, ROWS[:3], name="ratings", output_model=too_strict()).run()
    mended = a_batch(backend, ROWS[:3], name="ratings", output_model=Rating)
    rows = await mended.run()
    everything = billed(await backend.usage(since=LONG_AGO, until=LATER))
    assert sum(row.credits or 0 for row in rows) == mended.progress.credits == everything
    assert billed(await mended.usage()) == everything


@pytest.mark.parametrize("name", [None, "ratings"])
@pytest.mark.parametrize("first", [aijobs.ok("Five stars."), aijobs.fail("max_tokens", after_tokens=1)])
async def test_answers_that_were_asked_for_anew_are_billed_with_their_rows(
    sim: aijobs.Mock, backend: WatchedBackend, first: Any, name: str | None
) -> None:
    sim.on().do(first.forever())
    batch = a_batch(backend, ROWS[:3], output_model=Rating, name=name)
    await batch.run()
    sim.on().do(aijobs.ok('{"stars": 5}').forever())
    rows = await batch.retry_failures()
    again = a_batch(backend, ROWS[:3], output_model=Rating, name=name) if name else batch  # read from the journal
    assert [(row.output, row.credits) for row in await again.run()] == [(Rating(stars=5), rows[0].credits)] * 3
    everything = billed(await backend.usage(since=LONG_AGO, until=LATER))
    assert billed(await again.usage()) == again.progress.credits == everything


async def test_answers_that_were_asked_for_anew_long_after_each_other_are_all_billed(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on().do(aijobs.ok("Five stars.").forever())
    batch = a_batch(backend, ROWS[:3], output_model=Rating, name="ratings")
    await batch.run()
    await asyncio.sleep(3_600)
    await batch.retry_failures()
    await asyncio.sleep(3_600)
    await batch.retry_failures()
    again = AsyncBatch(backend, name="ratings", output_model=Rating)
    await again.refresh()
    everything = billed(await backend.usage(since=LONG_AGO, until=LATER))
    assert billed(await again.usage()) == again.progress.credits == everything
