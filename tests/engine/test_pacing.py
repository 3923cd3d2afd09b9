"""Jobs at a provider's limit: as fast as it allows, none lost, and nobody else held up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits, ModelPace, PaceLimits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore
from engine.engine_worlds import CALLER, a_backend, over, texts
from engine.quota_provider import QuotaProvider

pytestmark = pytest.mark.anyio

IDEAL_SECONDS = 11.3
"""600 calls at 50 a second with 50 saved up, and 0.3 s for the last one."""
ONE_CALL = Limits(pace=PaceLimits(models=(ModelPace(most_calls=1),)))


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(seed=1, profile="fast")


@asynccontextmanager
async def asking(provider: QuotaProvider, *, seed: int = 1) -> AsyncIterator[Backend]:
    """Jobs of one provider, 200 at a time."""
    clock = VirtualClock()
    limits = Limits(concurrency=200)
    world = World(
        store=MemoryStore(clock), providers={"openai": provider}, clock=clock, chance=Chance(seed), limits=limits
    )
    backend = LocalBackend(world=world, types=JobTypes([ai_generation(ModelTable.load())]), caller=CALLER)
    yield backend
    await backend.aclose()


def now() -> float:
    return asyncio.get_running_loop().time()


def statuses(jobs: Sequence[Job]) -> set[JobStatus]:
    return {job.status for job in jobs}


async def run(backend: Backend, requests: Sequence[JobRequest]) -> list[Job]:
    return await over(backend, await backend.submit(requests))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("says", [50, 50 * 60, None], ids=["a second", "a minute, quantized", "says nothing"])
async def test_a_limit_of_calls_is_used_and_nothing_is_lost(says: int | None, seed: int) -> None:
    provider = QuotaProvider(per_second=50, burst=50, says=says)
    async with asking(provider, seed=seed) as backend:
        jobs = await run(backend, texts("gpt-5.2", number=600))
    assert statuses(jobs) == {JobStatus.COMPLETED}
    assert now() <= 1.15 * IDEAL_SECONDS
    assert len(provider.refused_at) <= (180 if says is None else 6)


def long_texts(number: int, *, words: int) -> list[JobRequest]:
    """Return requests whose prompts have about so many tokens."""
    prompt = "river " * words
    payloads = [{"prompt": f"{n} {prompt}", "model": "gpt-5.2", "stream": False} for n in range(number)]
    return [JobRequest(type="ai_generation", payload=payload) for payload in payloads]


@pytest.mark.parametrize(
    ("requests", "allowed"),
    [(texts("gpt-5.2", number=1500), 600.0), (long_texts(500, words=500), 100_000 / 447)],
    ids=["requests", "tokens"],
)
async def test_limits_of_a_minute_are_used_up_and_not_exceeded(
    simulation: Simulation, requests: list[JobRequest], allowed: float
) -> None:
    simulation.limit(requests_per_minute=600, tokens_per_minute=100_000)
    async with a_backend(simulation) as backend:
        jobs = await run(backend, requests)
    minutes = now() / 60
    assert statuses(jobs) == {JobStatus.COMPLETED}
    assert len(jobs) >= 0.95 * allowed * (1 + minutes)  # a minute's worth was saved up
    assert Counter(call.outcome for call in simulation.calls)["rate_limited"] <= 0.01 * len(jobs)


async def test_one_model_that_waits_holds_up_no_other(simulation: Simulation) -> None:
    simulation.limit(model="gpt-5.2", requests_per_minute=6)
    async with a_backend(simulation) as backend:
        slow = await backend.submit(texts("gpt-5.2", number=300))
        fast = await run(backend, texts("gemini-3-flash", number=300))
        assert statuses(fast) == {JobStatus.COMPLETED}
        assert now() < 15
        assert JobStatus.PENDING in statuses([await backend.get(job.id) for job in slow])


async def test_a_wait_that_one_call_was_told_holds_for_all(simulation: Simulation) -> None:
    simulation.on(prompt="Question 0").do(fail(429, retry_after=20))
    async with a_backend(simulation) as backend:
        await backend.submit(texts("gpt-5.2", number=1))
        await asyncio.sleep(1)
        await run(backend, texts("gpt-5.2", number=10)[1:])
    assert now() > 20
    assert min(call.started_at_seconds or 0 for call in simulation.calls[-9:]) >= 20


async def test_waiting_for_a_turn_costs_no_attempt_and_no_time_of_the_call(simulation: Simulation) -> None:
    simulation.on(prompt="Question 0").do(fail("timeout"))  # 30 s, which is what a call may take
    async with a_backend(simulation, limits=ONE_CALL) as backend:
        _, *waiting = await run(backend, texts("gpt-5.2", number=5))
    assert {(job.status, job.attempts) for job in waiting} == {(JobStatus.COMPLETED, 1)}
    assert now() > 30


async def test_a_job_that_is_cancelled_while_it_waits_takes_nobodys_turn(simulation: Simulation) -> None:
    simulation.on(prompt="Question 0").do(fail("timeout"))
    async with a_backend(simulation, limits=ONE_CALL) as backend:
        first, second, third = await backend.submit(texts("gpt-5.2", number=3))
        await asyncio.sleep(1)
        await backend.cancel(second.id)
        await asyncio.sleep(1)
        await backend.cancel(first.id)
        assert (await over(backend, [third]))[0].status is JobStatus.COMPLETED
        assert now() < 30
        assert {one.model: one.in_flight for one in (await backend.health()).paces} == {"gpt-5.2": 0}


async def test_an_operator_may_set_a_limit(simulation: Simulation) -> None:
    limits = Limits(pace=PaceLimits(models=(ModelPace(model="gpt-*", requests_per_minute=60),)))
    async with a_backend(simulation, limits=limits) as backend:
        jobs = await run(backend, texts("gpt-5.2", number=120))
    assert statuses(jobs) == {JobStatus.COMPLETED}
    assert now() == pytest.approx(60, abs=3)


async def test_without_a_pace_providers_are_asked_as_jobs_come(simulation: Simulation) -> None:
    simulation.on().do(fail("timeout") * 9)
    async with a_backend(simulation, limits=Limits(concurrency=100, pace=None)) as backend:
        await backend.submit(texts("gpt-5.2", number=100))
        await asyncio.sleep(1)
        assert len(simulation.calls) == 100
        assert (await backend.health()).paces == ()


async def test_who_waits_is_seen(simulation: Simulation) -> None:
    simulation.on().do(fail("timeout") * 9)
    async with a_backend(simulation) as backend:
        await backend.submit(texts("gpt-5.2", number=20))
        await asyncio.sleep(1)
        [pace] = (await backend.health()).paces
        assert (pace.provider, pace.model, pace.in_flight, pace.window, pace.waiting) == (
            "openai",
            "gpt-5.2",
            16,
            16,
            4,
        )


async def test_nobody_waits_for_ever_for_a_turn(simulation: Simulation) -> None:
    simulation.on(prompt="Question 0").do(fail(429, retry_after=3000))
    async with a_backend(simulation, limits=Limits(snooze_limit_seconds=60)) as backend:
        await backend.submit(texts("gpt-5.2", number=1))
        await asyncio.sleep(1)
        [job] = await run(backend, texts("gpt-5.2", number=2)[1:])
    assert job.error is not None
    assert (job.error.code, job.error.retryable) == ("rate_limited", False)
    assert "60 s" in job.error.message
    assert now() < 65


async def test_a_long_queue_is_waited_out_while_the_provider_answers(simulation: Simulation) -> None:
    six_a_minute = PaceLimits(models=(ModelPace(requests_per_minute=6),))
    async with a_backend(simulation, limits=Limits(pace=six_a_minute, snooze_limit_seconds=60)) as backend:
        jobs = await run(backend, texts("gpt-5.2", number=40))
    assert statuses(jobs) == {JobStatus.COMPLETED}
    assert now() > 300
