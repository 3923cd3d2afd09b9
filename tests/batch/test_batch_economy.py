"""Half price, within a day: rows through the vendors' own batches come to the same as any others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.economy import RemoteState
from aijobs_sdk.contract.errors import BatchPausedError, InvalidRequestError
from aijobs_sdk.contract.job import JobRequest
from aijobs_sdk.simulation.profiles import Turnaround
from batch.batch_worlds import TASKS, LateBackend, WatchedBackend, a_batch, billed, until

pytestmark = pytest.mark.anyio

TEN_MINUTES = Turnaround(p50_seconds=600, p95_seconds=600, source="of these tests", as_of=date(2026, 11, 26))
ROWS = [{"task": f"Describe harbour {n:04}."} for n in range(2_100)]


@pytest.fixture(autouse=True)
def _slow_vendors(sim: aijobs.Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch takes ten minutes at its vendor."""
    monkeypatch.setattr(sim, "turnaround", lambda _: TEN_MINUTES)


class Rating(BaseModel):
    stars: int


def an_economy(backend: WatchedBackend, rows: Any = TASKS, **options: Any) -> AsyncBatch:
    return a_batch(backend, rows, **({"economy": True} | options))


def batches(sim: aijobs.Mock, provider: str = "openai") -> int:
    """Return how many batches a vendor has been sent."""
    return len(list(sim.batches.newest_first(provider)))


def state_at_vendor(sim: aijobs.Mock) -> RemoteState:
    """Return where the last batch stands at OpenAI."""
    return next(sim.batches.newest_first("openai")).course.look(sim.clock.now())


def asked(backend: WatchedBackend) -> int:
    """Return how many rows were sent so far, all rounds together."""
    return sum(len(items_of(request)) for request in backend.sent if request.type == "ai_generation_batch")


def items_of(request: JobRequest) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a chunk."""
    return cast("Sequence[Mapping[str, Any]]", request.payload["items"])


async def left_at_its_vendor(batch: AsyncBatch) -> None:
    """Begin with a batch, and leave it to its vendor."""
    await batch.start()
    await asyncio.sleep(30)
    await batch.pause()
    with pytest.raises(BatchPausedError):
        await batch.wait()


@pytest.mark.parametrize(("model", "rows", "sent_again"), [("gpt-5.2", 2_100, 1_003), ("claude-sonnet-4.5", 1_100, 33)])
async def test_every_row_ends_well_whatever_happens_to_its_batch(
    sim: aijobs.Mock, backend: WatchedBackend, model: str, rows: int, sent_again: int
) -> None:
    sim.on().do(aijobs.ok("By the sea.").forever())
    sim.on(prompt="*[05]7.").do(aijobs.fail("batch_expired"))
    sim.on(prompt="*11.").do(aijobs.fail(503))
    sim.on(prompt="*0000.").do(aijobs.fail("token_limit_exceeded"))
    sim.on(prompt="*1000.").do(aijobs.fail("no_output_file"))
    batch = an_economy(backend, ROWS[:rows], model=model)
    done = await batch.run()
    assert [row.inputs for row in done] == ROWS[:rows]
    assert {row.status for row in done} == {"completed"}
    assert asked(backend) == rows + sent_again
    assert len(await batch.usage()) == rows


async def test_a_row_costs_half_and_says_the_same_as_by_itself(backend: WatchedBackend) -> None:
    alone, together = a_batch(backend), an_economy(backend)
    texts = [row.content for row in await alone.run()]
    assert [row.content for row in await together.run()] == texts
    assert abs(together.progress.credits - alone.progress.credits / 2) < Decimal("0.0001")
    assert together.progress.credits == billed(await together.usage())


async def test_what_was_asked_together_with_rows_that_are_asked_no_more_is_not_billed_again(
    backend: WatchedBackend,
) -> None:
    await an_economy(backend, name="harbours").run()
    fewer = an_economy(backend, TASKS[:5], name="harbours")
    await fewer.run()
    assert (asked(backend), len(await fewer.usage())) == (len(TASKS), 5)
    assert fewer.progress.credits == billed(await fewer.usage())


async def test_an_estimate_is_half_and_within_a_day(backend: WatchedBackend) -> None:
    alone, together = await a_batch(backend).estimate(), await an_economy(backend).estimate()
    assert abs(together.credits - alone.credits / 2) < Decimal("0.0001")
    assert str(together).endswith("within 24 hours")


async def test_a_vendor_without_batches_refuses_all_before_anything_is_sent(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    with pytest.raises(InvalidRequestError, match=r"vertex, which takes no batches: .* gpt-5\.2, claude-sonnet-4\.5"):
        await an_economy(backend, model=["gpt-5.2", "gemini-3-flash"]).run()
    assert (backend.sent, batches(sim)) == ([], 0)


async def test_rows_of_two_models_go_to_two_vendors(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    rows = await an_economy(backend, model=["gpt-5.2", "claude-sonnet-4.5"]).run()
    assert [row.provider for row in rows] == ["openai", "anthropic"] * len(TASKS)
    assert (batches(sim), batches(sim, "anthropic")) == (1, 1)


async def test_the_second_turn_goes_with_the_next_round(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    rows = await an_economy(backend, prompt=["{task}", "And then?"]).run()
    second = items_of(backend.sent[1])
    shown = {item["payload"]["messages"][1]["content"] for item in second}
    assert shown == {row.answers[0] for row in rows}
    assert batches(sim) == 2


async def test_an_answer_that_does_not_fit_is_asked_about_in_the_next_round(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    sim.on(prompt="Write*").do(aijobs.ok('{"stars": "many"}').forever())
    sim.on(prompt="This does not fit*").do(aijobs.ok('{"stars": 5}').forever())
    rows = await an_economy(backend, output_model=Rating).run()
    assert [row.output for row in rows] == [Rating(stars=5)] * len(TASKS)
    assert batches(sim) == 2


async def test_a_row_that_expires_each_time_has_failed_after_three(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("batch_expired").forever())
    batch = an_economy(backend)
    await batch.run()
    assert [(row.index, row.attempts) for row in batch.failures] == [(3, 3)]
    assert asked(backend) == len(TASKS) + 2
    sim.on(prompt="*harbour 3.").do(aijobs.ok("By the sea.").forever())
    assert (await batch.retry_failures())[3].content == "By the sea."


async def test_rows_that_ask_the_same_are_sent_once(backend: WatchedBackend) -> None:
    rows = await an_economy(backend, TASKS * 3).run()
    assert len({row.content for row in rows}) == len(TASKS)
    assert asked(backend) == len(TASKS)


async def test_a_budget_sends_as_many_rows_as_fit_and_is_never_exceeded(backend: WatchedBackend) -> None:
    batch = an_economy(backend, ROWS[:300], max_tokens=100, budget=10)
    with pytest.raises(BatchPausedError, match="is used up"):
        await batch.run()
    assert Decimal(9) < billed(await batch.usage()) <= Decimal(10)
    assert (batch.progress.failed, batch.progress.running) == (0, 0)
    await batch.set(budget=100)
    assert {row.status for row in await batch.run()} == {"completed"}
    assert asked(backend) == 300


async def test_a_budget_is_not_exceeded_by_rows_that_were_sent_before_there_was_one(backend: WatchedBackend) -> None:
    """What is under way may cost any amount: more is sent once it is known how much that was."""
    await left_at_its_vendor(an_economy(backend, ROWS[:60], max_tokens=100, name="harbours"))
    batch = an_economy(backend, ROWS[:120], max_tokens=100, name="harbours", budget=6)
    with pytest.raises(BatchPausedError, match="is used up"):
        await batch.run()
    assert Decimal(5) < billed(await batch.usage()) <= Decimal(6)


async def test_a_pause_leaves_the_vendor_at_work_and_run_takes_in_what_came(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = an_economy(backend)
    await left_at_its_vendor(batch)
    assert batch.progress.running == len(TASKS)
    assert {row.status for row in await batch.run()} == {"completed"}
    assert batches(sim) == 1


async def test_rows_that_were_being_sent_when_a_batch_was_paused_are_sent_once(sim: aijobs.Mock) -> None:
    backend = LateBackend(aijobs.AsyncClient())
    batch = an_economy(backend, ROWS[:60], max_tokens=100, budget=2)
    await batch.start()
    await until(lambda: backend.sent)
    await batch.pause()
    await asyncio.sleep(2)
    await batch.set(budget=20)
    assert {row.status for row in await batch.run()} == {"completed"}
    assert asked(backend) == 60


async def test_a_cancelled_batch_stops_at_its_vendor_and_can_be_run_again(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    batch = an_economy(backend)
    await batch.start()
    await asyncio.sleep(100)
    await batch.cancel()
    await batch.wait()
    await asyncio.sleep(1_000)
    assert (batch.progress.state, len(batch.results)) == (BatchState.CANCELLED, 0)
    assert state_at_vendor(sim) is RemoteState.CANCELLED
    assert {row.status for row in await batch.run()} == {"completed"}


@pytest.mark.parametrize("name", [None, "sea"])
async def test_a_paused_batch_that_is_cancelled_stops_at_its_vendor_and_can_be_run_again(
    sim: aijobs.Mock, backend: WatchedBackend, name: str | None
) -> None:
    batch = an_economy(backend, name=name)
    await left_at_its_vendor(batch)
    await batch.cancel()
    await asyncio.sleep(1_000)
    assert (batch.progress.state, state_at_vendor(sim)) == (BatchState.CANCELLED, RemoteState.CANCELLED)
    assert {row.status for row in await batch.run()} == {"completed"}


async def test_another_client_goes_on_by_name_and_sends_nothing_twice(sim: aijobs.Mock, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    async with aijobs.AsyncClient(url) as client:
        first = client.batch(ROWS[:1_100], prompt="{task}", model="gpt-5.2", name="sea", economy=True)
        await left_at_its_vendor(first)
    async with aijobs.AsyncClient(url) as client:
        again = client.batch(ROWS[:1_100], prompt="{task}", model="gpt-5.2", name="sea", economy=True)
        rows = await again.run()
    assert {row.status for row in rows} == {"completed"}
    assert (len(sim.calls), batches(sim)) == (1_100, 2)


async def test_a_finished_batch_is_read_from_its_journal(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    await an_economy(backend, name="sea").run()
    again = an_economy(backend, name="sea")
    assert [row.status for row in await again.run()] == ["completed"] * len(TASKS)
    assert (batches(sim), again.progress.credits > 0) == (1, True)


async def test_a_row_that_expired_while_nobody_looked_is_sent_again(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on(prompt="*harbour 3.").do(aijobs.fail("batch_expired"))
    await left_at_its_vendor(an_economy(backend, name="sea"))
    await asyncio.sleep(100_000)
    assert {row.status for row in await an_economy(backend, name="sea").run()} == {"completed"}
    assert asked(backend) == len(TASKS) + 1


async def test_a_row_under_way_at_a_vendor_is_not_sent_by_itself(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    await left_at_its_vendor(an_economy(backend, TASKS[:1], name="sea"))
    [row] = await a_batch(backend, TASKS[:1], name="sea").run()
    assert (row.status, len(sim.calls), batches(sim)) == ("completed", 1, 1)


async def test_a_run_row_by_row_that_is_cancelled_stops_the_vendor_that_has_its_rows(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    await left_at_its_vendor(an_economy(backend, name="sea"))
    batch = a_batch(backend, name="sea")
    await batch.start()
    await asyncio.sleep(10)
    await batch.cancel()
    await asyncio.sleep(1_000)
    assert state_at_vendor(sim) is RemoteState.CANCELLED


async def test_a_broken_account_pauses_the_batch_and_fails_no_row(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    sim.on().do(aijobs.fail("quota_exhausted").forever())
    batch = an_economy(backend)
    with pytest.raises(BatchPausedError, match="Mend that: no row has failed of it"):
        await batch.run()
    assert batch.progress.failed == 0


async def test_a_row_that_takes_too_long_has_failed_and_its_vendor_stops(
    sim: aijobs.Mock, backend: WatchedBackend
) -> None:
    rows = await an_economy(backend, row_timeout=100).run()
    assert {row.error.code for row in rows if row.error} == {"row_timeout"}
    await asyncio.sleep(1_000)
    assert state_at_vendor(sim) is RemoteState.CANCELLED


async def test_a_deadline_leaves_the_rows_at_their_vendor(sim: aijobs.Mock, backend: WatchedBackend) -> None:
    batch = an_economy(backend, deadline=100)
    with pytest.raises(BatchPausedError, match="deadline"):
        await batch.run()
    await asyncio.sleep(1_000)
    assert {row.status for row in await batch.run()} == {"completed"}
    assert batches(sim) == 1


async def test_a_later_turn_that_cannot_be_sent_fails_its_row_alone(backend: WatchedBackend) -> None:
    rows = [
        {"task": "Write a line.", "then": "And then?"},
        {"task": "Write a page.", "then": "far too long " * 400_000},
    ]
    done = await an_economy(backend, rows, prompt=["{task}", "{then}"]).run()
    assert [row.status for row in done] == ["completed", "failed"]
    assert [row.error.code for row in done if row.error] == ["context_too_long"]


async def test_a_tenant_that_may_have_one_job_sends_one_chunk_after_the_other(sim: aijobs.Mock) -> None:
    backend = WatchedBackend(aijobs.AsyncClient(limits=aijobs.Limits(max_active_jobs=1)))
    rows = await an_economy(backend, model=["gpt-5.2", "claude-sonnet-4.5"]).run()
    assert {row.status for row in rows} == {"completed"}
