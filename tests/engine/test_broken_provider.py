"""A provider that fails again and again: its jobs wait, at no price, and nobody else's do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

import pytest
from pydantic import BaseModel, JsonValue

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import CircuitOpenError
from aijobs_sdk.contract.health import BreakerHealth, BreakerState
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import job_type
from aijobs_sdk.engine.limits import BreakerLimits, Limits, PaceLimits
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from aijobs_sdk.sinks.memory import InMemoryMetrics
from engine.engine_worlds import a_backend, over, texts

pytestmark = pytest.mark.anyio

BREAKER = BreakerLimits()
MANY = 30


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(seed=1, profile="fast")


async def breaker_of(backend: Backend, provider: str) -> BreakerHealth:
    return {one.provider: one for one in (await backend.health()).breakers}[provider]


async def broken(backend: Backend, simulation: Simulation, *, number: int = MANY) -> list[Job]:
    """Return jobs of openai just after it failed so often that it is left alone."""
    simulation.on(model="gpt-5.2").do(fail(503) * 100)
    jobs = await backend.submit(texts("gpt-5.2", number=number))
    await asyncio.sleep(1)
    assert (await breaker_of(backend, "openai")).state is BreakerState.OPEN
    return jobs


async def test_a_job_loses_no_attempt_while_its_provider_is_left_alone(simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail(503))  # the first attempt of each
    async with a_backend(simulation, limits=Limits(concurrency=5)) as backend:
        jobs = await over(backend, await backend.submit(texts("gpt-5.2", number=MANY)))
        released = [event async for event in backend.events(jobs[-1].id) if event.kind == "released"]
    assert {(job.status, job.attempts) for job in jobs} == {(JobStatus.COMPLETED, 2)}
    assert len(simulation.calls) == 2 * MANY
    assert len(released) > 0


async def test_nobody_starves_beside_a_provider_that_fails_two_times_in_three(simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail(503) * 2)
    async with a_backend(simulation) as backend:
        jobs = await over(backend, await backend.submit(texts("gpt-5.2", number=100)))
    assert {(job.status, job.attempts) for job in jobs} == {(JobStatus.COMPLETED, 3)}


async def test_an_open_breaker_is_seen_and_nobody_asks_its_provider(simulation: Simulation) -> None:
    async with a_backend(simulation, limits=Limits(concurrency=1)) as backend:
        jobs = await broken(backend, simulation)
        breaker = await breaker_of(backend, "openai")
        assert (breaker.failures, breaker.retry_at is not None) == (BREAKER.failures, True)
        assert len(simulation.calls) == BREAKER.failures
        waiting = [await backend.get(job.id) for job in jobs[BREAKER.failures :]]
        assert {(job.status, job.attempts) for job in waiting} == {(JobStatus.PENDING, 0)}


async def test_other_providers_go_on(simulation: Simulation) -> None:
    async with a_backend(simulation, limits=Limits(concurrency=5)) as backend:
        await broken(backend, simulation, number=500)
        others = await over(backend, await backend.submit(texts("gemini-3-flash", number=MANY)))
        assert {job.status for job in others} == {JobStatus.COMPLETED}
        assert asyncio.get_running_loop().time() < 2


async def test_of_thousands_that_come_back_only_the_probes_ask(simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("timeout") * 100)  # each call: 30 s of silence
    limits = Limits(concurrency=BREAKER.failures, pace=PaceLimits(first_calls=BREAKER.failures))
    async with a_backend(simulation, limits=limits) as backend:
        await backend.submit(texts("gpt-5.2", number=2000))
        await asyncio.sleep(30 + BREAKER.open_seconds + 20)
        assert (await breaker_of(backend, "openai")).state is BreakerState.HALF_OPEN
        assert len(simulation.calls) == BREAKER.failures + BREAKER.probes


async def test_they_do_not_come_back_at_once(simulation: Simulation) -> None:
    metrics = InMemoryMetrics()
    async with a_backend(simulation, metrics=metrics) as backend:
        await broken(backend, simulation, number=1000)
        assert metrics.value("aijobs_jobs_snoozed") > 900
        await asyncio.sleep(BREAKER.open_seconds - 1)
        before = metrics.value("aijobs_jobs_snoozed")
        await asyncio.sleep(BREAKER.open_seconds / 4)
        came_back = metrics.value("aijobs_jobs_snoozed") - before
        assert 150 < came_back < 350


async def test_nobody_waits_for_ever(simulation: Simulation) -> None:
    async with a_backend(simulation, limits=Limits(concurrency=1, snooze_limit_seconds=120)) as backend:
        jobs = await over(backend, await broken(backend, simulation))
        last = jobs[-1]
        assert last.error is not None
        assert (last.error.code, last.error.category) == ("provider_unavailable", ErrorCategory.DEPENDENCY)
        assert (last.error.provider, last.error.region, last.error.retryable) == ("openai", "eu", False)
        assert "120 s" in last.error.message
        assert 120 <= asyncio.get_running_loop().time() < 121


async def test_a_short_outage_ends_no_job_however_long_ago_it_first_started(simulation: Simulation) -> None:
    simulation.on().do(fail(429, retry_after=100))
    async with a_backend(simulation, limits=Limits(pace=None, snooze_limit_seconds=60)) as backend:
        [old] = await backend.submit(texts("gpt-5.2", number=1))
        await asyncio.sleep(99)
        await broken(backend, simulation)
        await asyncio.sleep(15)
        assert (await backend.get(old.id)).status is JobStatus.PENDING
        simulation.on().do(ok())
        [job] = await over(backend, [old])
    assert job.status is JobStatus.COMPLETED


async def test_a_job_that_waits_for_its_provider_is_cancelled_at_once(simulation: Simulation) -> None:
    async with a_backend(simulation, limits=Limits(concurrency=1)) as backend:
        *_, last = await broken(backend, simulation)
        assert (await backend.cancel(last.id)).cancelled()


async def test_a_cancelled_probe_makes_room_for_another(simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("timeout") * 100)
    limits = Limits(concurrency=BREAKER.failures, pace=PaceLimits(first_calls=BREAKER.failures))
    async with a_backend(simulation, limits=limits) as backend:
        jobs = await backend.submit(texts("gpt-5.2", number=BREAKER.failures))
        await asyncio.sleep(30 + 2 * BREAKER.open_seconds)
        probes = [job for job in [await backend.get(job.id) for job in jobs] if job.status is JobStatus.PROCESSING]
        assert len(probes) == BREAKER.probes
        calls = len(simulation.calls)
        for probe in probes:
            await backend.cancel(probe.id)
        await asyncio.sleep(BREAKER.open_seconds)
        assert len(simulation.calls) == calls + BREAKER.probes


@pytest.mark.parametrize("fault", [500, 503, 529, "overloaded", "timeout", "truncate", "reset"])
async def test_what_says_that_a_provider_is_broken_opens_its_breaker(simulation: Simulation, fault: int | str) -> None:
    simulation.on(model="gpt-5.2").do(fail(fault) * 100)
    async with a_backend(simulation, limits=Limits(pace=PaceLimits(first_calls=MANY))) as backend:
        await backend.submit(texts("gpt-5.2", number=MANY))
        await asyncio.sleep(31)
        assert (await breaker_of(backend, "openai")).state is BreakerState.OPEN


@pytest.mark.parametrize("fault", [400, 401, 429, "content_filter", "context_too_long", "auth", "quota_exhausted"])
async def test_what_is_about_the_request_or_the_account_does_not(simulation: Simulation, fault: int | str) -> None:
    simulation.on(model="gpt-5.2").do(fail(fault) * 100)
    async with a_backend(simulation) as backend:
        await over(backend, await backend.submit(texts("gpt-5.2", number=MANY)))
        breaker = await breaker_of(backend, "openai")
        assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 0)


async def test_a_rate_limit_with_its_wait_is_kept_and_opens_nothing(simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail(429, retry_after=20))
    async with a_backend(simulation) as backend:
        at_once = PaceLimits().first_calls
        jobs = await over(backend, await backend.submit(texts("gpt-5.2", number=at_once)))
        assert {job.status for job in jobs} == {JobStatus.COMPLETED}
        assert 20 <= asyncio.get_running_loop().time() < 25


class Question(BaseModel):
    """What to ask, of whoever answers."""

    prompt: str


@job_type("stubborn")
async def stubborn(context: JobContext, payload: Question) -> Mapping[str, JsonValue]:
    """Ask openai, or, while that is left alone, vertex."""
    request = GenerationRequest(
        model="gpt-5.2",
        prompt=payload.prompt,
        tenant_id=context.job.tenant_id,
        job_id=context.job.id,
        attempt=context.attempt,
        idempotency_token=context.idempotency_token("ask"),
        draw_key=context.draw_key,
    )
    provider = "openai"
    try:
        await _ask(context, provider, request)
    except CircuitOpenError:
        provider = "vertex"
        await _ask(context, provider, request.replace(model="gemini-3-flash"))
    return {"answered_by": provider}


async def _ask(context: JobContext, provider: str, request: GenerationRequest) -> None:
    async with aclosing(context.generate(provider, request, timeout_seconds=30)) as chunks:
        async for _ in chunks:
            pass


async def test_a_handler_may_ask_somebody_else_instead_of_waiting(simulation: Simulation) -> None:
    async with a_backend(simulation, job_types=[stubborn]) as backend:
        await broken(backend, simulation)
        asked = await backend.submit([JobRequest(type="stubborn", payload={"prompt": "Who is there?"})])
        [job] = await over(backend, asked)
        assert job.result == {"answered_by": "vertex"}
