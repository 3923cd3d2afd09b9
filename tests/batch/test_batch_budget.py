"""A budget is a cap: what was spent and what is under way never exceed it together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aijobs_sdk as aijobs
from aijobs_sdk.batch.running.course import cost_of_job
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.errors import BatchPausedError, InvalidRequestError
from aijobs_sdk.contract.job import Job, JobRequest
from batch.batch_worlds import LateBackend, WatchedBackend, a_batch, billed, until

pytestmark = pytest.mark.anyio

ROWS = [{"task": f"Describe ship {n} at length."} for n in range(2000)]


class Purse(WatchedBackend):
    """A backend that adds up, at every moment, what jobs have cost and what those under way may cost at most."""

    def __init__(self, client: aijobs.AsyncClient) -> None:
        super().__init__(client)
        self.most_at_once = Decimal(0)
        self._amounts: dict[UUID, Decimal] = {}

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        jobs = await super().submit(requests)
        for job in jobs:
            self._note(job, Decimal(str(job.payload["max_credits"])))
        return jobs

    async def ended(self, job_id: UUID) -> Job:
        job = await super().ended(job_id)
        self._note(job, cost_of_job(job))
        return job

    def _note(self, job: Job, amount: Decimal) -> None:
        self._amounts[job.id] = amount
        self.most_at_once = max(self.most_at_once, sum(self._amounts.values(), Decimal(0)))


@pytest.fixture
def purse(sim: aijobs.Mock) -> Purse:
    return Purse(aijobs.AsyncClient())


async def price_of(rows: Sequence[object], **options: object) -> Decimal:
    """Return what the rows cost, without a budget, in a world of their own."""
    batch = a_batch(aijobs.AsyncClient()._backend, list(rows), **options)
    await batch.run()
    return batch.progress.credits


@pytest.mark.parametrize("name", [None, "ships"])
async def test_a_batch_pauses_before_it_would_cost_more(purse: Purse, name: str | None) -> None:
    cap = await price_of(ROWS[:500], max_tokens=400)
    batch = a_batch(purse, ROWS, max_tokens=400, budget=cap, concurrency=200, name=name)
    with pytest.raises(BatchPausedError, match="is used up"):
        await batch.run()
    assert cap * Decimal("0.95") <= billed(await batch.usage()) <= cap
    assert purse.most_at_once <= cap
    assert (batch.progress.state, batch.progress.failed) == (BatchState.PAUSED, 0)


@pytest.mark.parametrize("name", [None, "ships"])
async def test_a_raised_budget_goes_on_and_repeats_nothing(sim: aijobs.Mock, purse: Purse, name: str | None) -> None:
    batch = a_batch(purse, ROWS[:300], max_tokens=200, budget=1, concurrency=50, name=name)
    with pytest.raises(BatchPausedError):
        await batch.run()
    assert 0 < len(sim.calls) < 300
    await batch.set(budget=1000)
    assert [row.status for row in await batch.run()] == ["completed"] * 300
    assert len(sim.calls) == 300


async def test_a_first_budget_during_a_run_waits_for_what_is_under_way(sim: aijobs.Mock) -> None:
    batch = a_batch(WatchedBackend(aijobs.AsyncClient()), ROWS[:300], max_tokens=200, concurrency=50)
    running = asyncio.create_task(batch.run())
    await until(lambda: batch.progress.completed >= 20)
    sent = len(sim.calls)
    await batch.set(budget=batch.progress.credits + 10)
    with pytest.raises(BatchPausedError, match="is used up"):
        await running
    assert len(sim.calls) == sent


async def test_what_earlier_processes_spent_counts(sim: aijobs.Mock, purse: Purse) -> None:
    batch = a_batch(purse, ROWS[:300], max_tokens=200, budget=1, concurrency=50, name="ships")
    with pytest.raises(BatchPausedError):
        await batch.run()
    before = len(sim.calls)
    again = a_batch(purse, ROWS[:300], max_tokens=200, budget=1, concurrency=50, name="ships")
    with pytest.raises(BatchPausedError):
        await again.run()
    assert len(sim.calls) == before


async def test_rows_that_were_changed_while_they_were_under_way_count_against_the_cap(
    sim: aijobs.Mock, purse: Purse
) -> None:
    sim.on().do(aijobs.fail(503, seconds=20), aijobs.ok())
    with suppress(TimeoutError):
        await asyncio.wait_for(a_batch(purse, ROWS[:40], name="ships", budget=60).run(), 5)
    with pytest.raises(BatchPausedError, match=r"0 are spent, .* are set aside for rows that are asked no more"):
        await a_batch(purse, ROWS[40:80], name="ships", budget=60).run()
    assert purse.most_at_once <= 60


async def test_a_budget_that_is_no_amount_is_refused(purse: Purse) -> None:
    with pytest.raises(InvalidRequestError, match="`budget`"):
        a_batch(purse, budget="plenty")
    batch = a_batch(purse)
    with pytest.raises(InvalidRequestError, match="`budget`"):
        await batch.set(budget=-1)


async def test_a_budget_of_nothing_sends_nothing(sim: aijobs.Mock, purse: Purse) -> None:
    with pytest.raises(BatchPausedError):
        await a_batch(purse, budget=0).run()
    assert len(sim.calls) == 0


async def test_an_unlimited_answer_is_held_to_the_budget_as_well(sim: aijobs.Mock, purse: Purse) -> None:
    sim.on().do(aijobs.ok(tokens=20_000).forever())
    cap = Decimal(10)
    batch = a_batch(purse, ROWS[:50], budget=cap)
    with pytest.raises(BatchPausedError):
        await batch.run()
    assert 0 < billed(await batch.usage()) <= cap
    assert purse.most_at_once <= cap


class LatePurse(LateBackend, Purse):
    """One that has added up what a job may cost before anybody hears of the job."""


@pytest.mark.parametrize("economy", [False, True])
@pytest.mark.usefixtures("sim")
async def test_what_was_being_sent_when_a_run_was_interrupted_is_not_sent_anew_for_a_budget(economy: bool) -> None:
    late = LateBackend(aijobs.AsyncClient())
    batch = a_batch(late, ROWS[:10], economy=economy)
    run = asyncio.create_task(batch.run())
    await until(lambda: late.sent)
    run.cancel()
    await batch.set(budget=1_000)
    sent = len(late.sent)
    assert len(await batch.run()) == 10
    assert len(late.sent) == sent


async def test_what_was_being_sent_when_a_run_was_interrupted_counts_against_the_cap(sim: aijobs.Mock) -> None:
    sim.on().do(aijobs.ok(tokens=20_000).forever())
    purse, cap = LatePurse(aijobs.AsyncClient()), Decimal(10)
    batch = a_batch(purse, ROWS[:50], budget=cap)
    run = asyncio.create_task(batch.run())
    await until(lambda: purse.sent)
    run.cancel()
    await until(lambda: batch.progress.running)
    with pytest.raises(BatchPausedError):
        await batch.run()
    assert purse.most_at_once <= cap


LONG = " ".join(f"word{n}" for n in range(5_000))


@pytest.mark.parametrize("economy", [False, True])
@pytest.mark.parametrize(
    ("task", "model", "max_tokens"),
    [("Rate it.", "claude-sonnet-4.5", 1), ("Rate it.", "gpt-5.2", 9), (LONG, "gpt-5.2", 200)],
    ids=["one token", "a few tokens", "a long prompt"],
)
async def test_an_ample_budget_fails_no_row_and_cuts_no_answer_short(
    sim: aijobs.Mock, task: str, model: str, max_tokens: int, *, economy: bool
) -> None:
    sim.on().do(aijobs.ok(tokens=20_000).forever())
    backend = WatchedBackend(aijobs.AsyncClient())
    batch = a_batch(backend, [{"task": task}], model=model, max_tokens=max_tokens, budget=1000, economy=economy)
    [row] = await batch.run()
    assert (row.status, row.output_tokens) == ("completed", max_tokens)


async def test_an_ample_budget_fails_no_row_that_a_far_dearer_model_may_answer(sim: aijobs.Mock) -> None:
    sim.on(model="gemini-3-flash").do(aijobs.fail(503).forever())
    backend, dearer = WatchedBackend(aijobs.AsyncClient()), {"fallback": ["claude-opus-4.5"]}
    batch = aijobs.AsyncBatch(
        backend, [LONG * 4], prompt="{text}", model="gemini-3-flash", parameters=dearer, budget=10_000
    )
    [row] = await batch.run()
    assert (row.status, row.model, row.finish_reason) == ("completed", "claude-opus-4.5", "stop")


@pytest.mark.parametrize("economy", [False, True])
@pytest.mark.parametrize("quoted", ["0", "0.001", "5"])
async def test_a_quote_of_the_callers_own_keeps_no_row_from_being_answered(
    sim: aijobs.Mock, quoted: str, *, economy: bool
) -> None:
    sim.on().do(aijobs.ok(tokens=300).forever())
    backend, own = WatchedBackend(aijobs.AsyncClient()), {"estimated_credits": quoted}
    batch = aijobs.AsyncBatch(
        backend, ["Rate it."], prompt="{text}", model="gpt-5.2", parameters=own, budget=10, economy=economy
    )
    [row] = await batch.run()
    assert (row.status, row.finish_reason, row.credits) == ("completed", "stop", Decimal(quoted))


@given(
    cap=st.decimals(min_value=0, max_value=3, places=3),
    raised=st.decimals(min_value=0, max_value=3, places=3),
    concurrency=st.integers(1, 40),
    max_tokens=st.integers(20, 600) | st.none(),
    seed=st.integers(0, 99),
)
@settings(max_examples=15)
def test_no_order_of_answers_exceeds_the_cap(
    cap: Decimal, raised: Decimal, concurrency: int, max_tokens: int | None, seed: int
) -> None:
    with aijobs.mock(seed=seed, profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        purse, most = runner.run(_spend([cap, cap + raised], concurrency, max_tokens))
    assert most[0] <= cap
    assert purse.most_at_once <= cap + raised


async def _spend(caps: Sequence[Decimal], concurrency: int, max_tokens: int | None) -> tuple[Purse, list[Decimal]]:
    purse = Purse(aijobs.AsyncClient())
    batch = a_batch(purse, ROWS[:40], concurrency=concurrency, max_tokens=max_tokens, budget=caps[0])
    most = []
    for cap in caps:
        await batch.set(budget=cap)
        with suppress(BatchPausedError):
            await batch.run()
        most.append(purse.most_at_once)
    return purse, most
