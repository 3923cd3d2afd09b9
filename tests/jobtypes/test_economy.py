"""Many texts by one batch of a vendor's own: half the price, sent once, and no attempt lost by waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.economy import BatchLimits, RemoteState
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.jobtypes.economy.stopping import stop_request
from aijobs_sdk.simulation.profiles import Turnaround
from jobtypes.economy_worlds import Place, asked, over

pytestmark = pytest.mark.anyio

TEN_MINUTES = Turnaround(p50_seconds=600, p95_seconds=600, source="of this test", as_of=date(2026, 11, 26))


@pytest.fixture(params=["direct", "wire"])
def sim(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs.Mock]:
    """A world in which a batch takes ten minutes."""
    with aijobs.mock(seed=7, profile="typical", fidelity=request.param) as world:
        monkeypatch.setattr(world, "turnaround", lambda _: TEN_MINUTES)
        yield world


@pytest.fixture(params=["openai", "anthropic"])
def place(request: pytest.FixtureRequest, sim: aijobs.Mock) -> Place:
    return Place(sim, request.param)


async def test_every_text_is_answered_under_its_key_and_accounted_for(place: Place) -> None:
    async with place.process() as backend:
        job = await asked(backend, place.request(20))
        usage = await backend.usage(since=job.created_at, until=job.created_at + timedelta(days=2))
    assert (sorted(job.results), job.errors) == (sorted(f"text-{n}" for n in range(20)), {})
    assert {row.metadata["item"] for row in usage} == set(job.results)
    assert {row.metadata["economy"] for row in usage} == {True}
    assert min(Decimal(str(row.metadata["latency_seconds"])) for row in usage) >= 600


async def test_a_text_costs_half_of_what_it_costs_alone(place: Place) -> None:
    async with place.process() as backend:
        alone, together = await backend.estimate([place.alone(), place.request(1)])
        job = await asked(backend, place.request(1))
    assert abs(together.credits - alone.credits / 2) < Decimal("0.000001")
    assert together.most_output_tokens == alone.most_output_tokens
    assert Decimal(job.results["text-0"]["credits_used"]) == together.credits


async def test_waiting_for_the_vendor_is_no_attempt(place: Place) -> None:
    async with place.process() as backend:
        job = await asked(backend, place.request())
    assert (job.attempts, job.took >= timedelta(minutes=10)) == (1, True)


async def test_a_process_that_dies_between_create_and_record_makes_no_second_batch(place: Place) -> None:
    async with place.process("freezes") as backend:
        [job] = await backend.submit([place.request()])
        await place.froze.wait()
    async with place.process() as backend:
        came = await over(backend, job)
    assert (len(came.results), came.errors) == (20, {})
    assert (len(place.batches), len(place.sim.calls), came.attempts) == (1, 20, 2)


async def test_a_batch_whose_making_was_not_heard_of_is_found_again(place: Place) -> None:
    async with place.process("hears nothing") as backend:
        job = await asked(backend, place.request())
    assert (len(job.results), job.errors) == (20, {})
    assert len(place.batches) == 1


async def test_another_process_goes_on_with_a_batch_that_is_under_way(place: Place) -> None:
    async with place.process() as backend:
        [job] = await backend.submit([place.request()])
        await place.sim.clock.sleep(30)
    async with place.process() as backend:
        came = await over(backend, job)
    assert (len(came.results), came.errors) == (20, {})
    assert (len(place.batches), came.attempts) == (1, 1)


async def test_a_process_that_wakes_up_too_late_stops_nothing(place: Place) -> None:
    async with place.process("freezes later") as late:
        [job] = await late.submit([place.request()])
        await place.froze.wait()
        async with place.process() as backend:
            await place.sim.clock.sleep(120)
            place.wakes.set()
            came = await over(backend, job)
    assert (len(came.results), came.errors) == (20, {})
    assert (await place.state(), len(place.batches)) == (RemoteState.ENDED, 1)


async def test_what_fails_in_a_batch_fails_alone(place: Place) -> None:
    place.sim.on(prompt="*river 3.").do(aijobs.fail("content_filter"))
    async with place.process() as backend:
        job = await asked(backend, place.request(5))
    assert (job.errors["text-3"]["code"], job.errors["text-3"]["retryable"]) == ("content_filtered", False)
    assert (len(job.results), list(job.errors)) == (4, ["text-3"])


async def test_what_expires_is_an_error_that_may_pass(place: Place) -> None:
    place.sim.on(prompt="*river 3.").do(aijobs.fail("batch_expired"))
    async with place.process() as backend:
        job = await asked(backend, place.request(5))
    assert (job.errors["text-3"]["code"], job.errors["text-3"]["retryable"]) == ("batch_expired", True)
    assert (len(job.results), list(job.errors)) == (4, ["text-3"])


@pytest.mark.parametrize("sim", ["wire"], indirect=True)
@pytest.mark.parametrize("place", ["openai"], indirect=True)
async def test_a_batch_that_is_refused_is_not_said_to_be_worth_a_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_row = BatchLimits(max_requests=1, max_bytes=10**9, source="of this test", as_of=date(2026, 11, 26))
    monkeypatch.setattr("aijobs_sdk.simulation.wire.openai_batches.limits_of", lambda _: one_row)
    async with place.process() as backend:
        job = await asked(backend, place.request(2))
    assert (job.error.code, job.attempts) == ("batch_refused", 1)
    assert "retry after" not in job.error.message


async def test_a_job_that_is_cancelled_while_it_waits_has_its_vendor_stop(place: Place) -> None:
    async with place.process() as backend:
        [job] = await backend.submit([place.request()])
        await place.sim.clock.sleep(100)
        cancelled = await backend.cancel(job.id)
        await place.sim.clock.sleep(600)
    assert cancelled.cancelled()
    assert await place.state() is RemoteState.CANCELLED


async def test_nobody_stops_the_batch_of_another_tenant(place: Place) -> None:
    other = Caller(tenant_id=UUID(int=2), user_id=UUID(int=10))
    async with place.process() as backend:
        [job] = await backend.submit([place.request()])
        await place.sim.clock.sleep(100)
        stop = stop_request(await backend.get(job.id))
        assert stop is not None
        theirs = backend.acting_for(other)
        stopped = await asked(theirs, stop)
        came = await over(backend, job)
    assert stopped.result == {"stopped": False}
    assert (len(came.results), came.errors) == (20, {})


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"model": "gemini-3-flash"}, "takes no batches: .* gpt-5.2, claude-sonnet-4.5"),
        ({"model": "claude-sonnet-4.5", "provider": "bedrock"}, "`provider` leads to bedrock"),
        ({"model": "gpt-5.3"}, "Unknown model"),
    ],
)
async def test_what_no_vendor_takes_is_refused_before_anything_is_sent(
    payload: dict[str, Any], problem: str, sim: aijobs.Mock
) -> None:
    place = Place(sim, "openai")
    async with place.process() as backend:
        with pytest.raises(InvalidRequestError, match=problem) as refusal:
            await backend.submit([place.request(1, **payload)])
    assert refusal.value.fields[0].field.startswith("payload.items[0].payload.")
