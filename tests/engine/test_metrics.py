"""What a listener hears of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.job import Job, JobPage, JobQuery, JobRequest, JobStatus
from aijobs_sdk.contract.store import Beat, Claim, Lease, Outcome
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import BreakerLimits, Limits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.metrics import INSTRUMENTS, Instrument
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.sinks.memory import InMemoryMetrics
from aijobs_sdk.stores.memory import MemoryStore
from contract.new_jobs import new_job
from engine.engine_worlds import CALLER, a_backend, over, texts

pytestmark = pytest.mark.anyio


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(seed=1, profile="fast")


@pytest.fixture
def heard() -> InMemoryMetrics:
    return InMemoryMetrics()


def a_test_job(**payload: object) -> JobRequest:
    return JobRequest(type="test_job", payload=payload)


async def run(backend: Backend, *requests: JobRequest) -> Sequence[Job]:
    return await over(backend, await backend.submit(requests))


async def test_a_job_is_heard_from_its_acceptance_to_its_end(simulation: Simulation, heard: InMemoryMetrics) -> None:
    async with a_backend(simulation, metrics=heard) as backend:
        await run(backend, a_test_job(seconds=7))
    assert heard.value("aijobs_jobs_accepted", type="test_job") == 1
    assert heard.value("aijobs_jobs_started", type="test_job") == 1
    assert heard.value("aijobs_jobs_completed", type="test_job", region="") == 1
    [seconds] = heard.seconds("aijobs_attempt_seconds", type="test_job", outcome="completed")
    assert 7 <= seconds < 7.5


async def test_the_wait_in_the_queue_ends_with_the_first_start(simulation: Simulation, heard: InMemoryMetrics) -> None:
    async with a_backend(simulation, metrics=heard, limits=Limits(concurrency=1)) as backend:
        await run(backend, a_test_job(seconds=20), a_test_job())
    first, second = heard.seconds("aijobs_queue_wait_seconds", type="test_job")
    assert (first < 1, 20 <= second < 21) == (True, True)


async def test_what_is_under_way_and_what_may_be_goes_up_and_down(
    simulation: Simulation, heard: InMemoryMetrics
) -> None:
    async with a_backend(simulation, metrics=heard, limits=Limits(concurrency=3)) as backend:
        await backend.submit([a_test_job(seconds=60)] * 5)
        await asyncio.sleep(10)
        assert heard.value("aijobs_jobs_in_flight", type="test_job") == 3
        assert heard.value("aijobs_concurrency") == 3
    assert (heard.value("aijobs_jobs_in_flight"), heard.value("aijobs_concurrency")) == (0, 0)
    assert heard.value("aijobs_jobs_released", type="test_job") == 3


async def test_a_full_worker_says_how_long_it_could_take_no_more(
    simulation: Simulation, heard: InMemoryMetrics
) -> None:
    async with a_backend(simulation, metrics=heard, limits=Limits(concurrency=2)) as backend:
        await run(backend, *[a_test_job(seconds=30)] * 5)
    assert heard.value("aijobs_claims_full") >= 2
    assert sum(heard.seconds("aijobs_room_wait_seconds")) == pytest.approx(60, abs=1)


async def test_a_repeat_under_an_idempotency_key_is_accepted_once(
    simulation: Simulation, heard: InMemoryMetrics
) -> None:
    async with a_backend(simulation, metrics=heard) as backend:
        request = a_test_job().replace(idempotency_key="once")
        await run(backend, request)
        await run(backend, request)
    assert heard.value("aijobs_jobs_accepted") == 1


async def test_failures_are_told_by_category_and_region(simulation: Simulation, heard: InMemoryMetrics) -> None:
    simulation.on(model="gpt-5.2").do(fail(503), fail("content_filter"))
    async with a_backend(simulation, metrics=heard) as backend:
        await run(backend, *texts("gpt-5.2", number=2))
    assert heard.value("aijobs_jobs_retried", type="ai_generation", region="eu", category="provider") == 2
    assert heard.value("aijobs_jobs_failed", type="ai_generation", region="eu", category="content_filter") == 2
    assert heard.value("aijobs_jobs_completed") == 0


async def test_a_job_that_runs_out_of_attempts_has_failed(simulation: Simulation, heard: InMemoryMetrics) -> None:
    simulation.on(model="gpt-5.2").do(fail("reset") * 3)
    async with a_backend(simulation, metrics=heard) as backend:
        await run(backend, *texts("gpt-5.2", number=1))
    assert (heard.value("aijobs_jobs_retried"), heard.value("aijobs_jobs_failed")) == (2, 1)


async def test_a_cancelled_job_is_no_failure(simulation: Simulation, heard: InMemoryMetrics) -> None:
    async with a_backend(simulation, metrics=heard) as backend:
        [job] = await backend.submit([a_test_job(seconds=60)])
        await asyncio.sleep(1)
        await backend.cancel(job.id)
        await over(backend, [job])
    assert (heard.value("aijobs_jobs_cancelled", type="test_job"), heard.value("aijobs_jobs_failed")) == (1, 0)


async def test_calls_to_providers_are_told_with_how_they_ended(simulation: Simulation, heard: InMemoryMetrics) -> None:
    simulation.on(model="gpt-5.2").do(fail(429, retry_after=1), fail("timeout"), ok())
    async with a_backend(simulation, metrics=heard) as backend:
        await run(backend, *texts("gpt-5.2", number=1))
    of_openai = {"provider": "openai", "region": "eu"}
    endings = ("rate_limit", "timeout", "ok")
    assert [heard.value("aijobs_provider_calls", **of_openai, outcome=one) for one in endings] == [1, 1, 1]
    [seconds] = heard.seconds("aijobs_provider_seconds", **of_openai, outcome="timeout")
    assert seconds == pytest.approx(30)


async def test_a_breaker_is_heard_opening_and_closing(simulation: Simulation, heard: InMemoryMetrics) -> None:
    simulation.on(model="gpt-5.2").do(fail(503))
    async with a_backend(simulation, metrics=heard, limits=Limits(concurrency=BreakerLimits().failures)) as backend:
        jobs = await backend.submit(texts("gpt-5.2", number=BreakerLimits().failures))
        await asyncio.sleep(4.5)
        assert heard.value("aijobs_breaker_state", provider="openai") == 2
        # The backoff is drawn: one job may have been tried again before the last one opened the breaker.
        assert heard.value("aijobs_jobs_snoozed", type="ai_generation", provider="openai") >= len(jobs) - 1
        await over(backend, jobs)
    assert heard.value("aijobs_breaker_state", provider="openai") == 0
    changes = [heard.value("aijobs_breaker_changes", state=state) for state in ("open", "half_open", "closed")]
    assert changes == [1, 1, 1]
    assert heard.value("aijobs_jobs_started") == 2 * len(jobs) + heard.value("aijobs_jobs_snoozed")


class Deaf:
    """A listener that breaks at its first word."""

    def __init__(self) -> None:
        self.words = 0

    def count(self, instrument: Instrument, labels: Mapping[str, str], by: int = 1) -> None:
        self.words += 1
        raise ConnectionError("no one is there")

    def gauge(self, instrument: Instrument, labels: Mapping[str, str], value: float) -> None: ...

    def time(self, instrument: Instrument, labels: Mapping[str, str], seconds: float) -> None: ...


async def test_a_listener_that_raises_is_told_nothing_more_and_no_job_minds(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    deaf = Deaf()
    async with a_backend(simulation, metrics=deaf) as backend:
        [job] = await run(backend, a_test_job())
    assert (job.status, deaf.words) == (JobStatus.COMPLETED, 1)
    [line] = caplog.messages
    assert line == "metrics are off: the listener raised ConnectionError"


class StoreThatGoesAway(MemoryStore):
    """Away for some time, from the moment a job's first outcome is to be stored."""

    def __init__(self, clock: VirtualClock, *, seconds: float) -> None:
        super().__init__(clock)
        self._seconds = seconds
        self._back_at: float | None = None

    async def claim(self, *args: Any, **options: Any) -> list[Claim]:
        self._answer()
        return await super().claim(*args, **options)

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        if self._back_at is None:
            self._back_at = asyncio.get_running_loop().time() + self._seconds
        self._answer()
        return await super().finish(lease, outcome)

    async def heartbeat(self, leases: Sequence[Lease], *, lease_seconds: float) -> Mapping[Lease, Beat]:
        self._answer()
        return await super().heartbeat(leases, lease_seconds=lease_seconds)

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        self._answer()
        return await super().list_jobs(tenant_id, query)

    def _answer(self) -> None:
        if self._back_at is not None and asyncio.get_running_loop().time() < self._back_at:
            raise StoreUnavailableError("The database is away.")


def over_a_store_that_goes_away(heard: InMemoryMetrics, *, seconds: float) -> LocalBackend:
    return a_backend_over(StoreThatGoesAway(VirtualClock(), seconds=seconds), heard)


def a_backend_over(store: MemoryStore, heard: InMemoryMetrics) -> LocalBackend:
    world = World(
        store=store, providers={}, clock=VirtualClock(), chance=Chance(1), limits=Limits(), meter=Meter(heard)
    )
    return LocalBackend(world=world, types=JobTypes([do_as_told]), caller=CALLER)


async def test_an_outage_of_the_store_is_heard_once_and_with_its_length(heard: InMemoryMetrics) -> None:
    backend = over_a_store_that_goes_away(heard, seconds=20)
    await run(backend, *[a_test_job()] * 3)
    assert heard.value("aijobs_store_outages") == 1
    [seconds] = heard.seconds("aijobs_store_outage_seconds")
    assert 20 <= seconds < 26
    assert heard.value("aijobs_jobs_completed") == 3
    await backend.aclose()


async def test_health_says_that_the_store_is_away_and_since_when(heard: InMemoryMetrics) -> None:
    backend = over_a_store_that_goes_away(heard, seconds=20)
    await backend.submit([a_test_job()])
    await asyncio.sleep(5)
    away = await backend.health()
    assert (away.healthy, away.store.reachable, away.store.problem) == (False, False, "The database is away.")
    assert away.store.away_since is not None
    assert timedelta(seconds=4) < VirtualClock().now() - away.store.away_since <= timedelta(seconds=5)
    await asyncio.sleep(25)
    back = await backend.health()
    assert (back.healthy, back.store.away_since) == (True, None)
    await backend.aclose()


async def test_an_attempt_that_outlives_its_lease_is_lost(heard: InMemoryMetrics) -> None:
    backend = over_a_store_that_goes_away(heard, seconds=40)
    await run(backend, a_test_job())
    assert (heard.value("aijobs_jobs_lost"), heard.value("aijobs_jobs_reaped")) == (1, 1)
    assert (heard.value("aijobs_jobs_completed"), heard.value("aijobs_jobs_in_flight")) == (1, 0)
    await backend.aclose()


async def held_by_the_dead(store: MemoryStore, *, max_attempts: int) -> Job:
    """Return a job that a worker took which is heard of no more."""
    [job] = (await store.create([new_job(VirtualClock(), tenant_id=CALLER.tenant_id, max_attempts=max_attempts)])).jobs
    await store.claim("dead", {"test_job": None}, limit=1, lease_seconds=30, hard_limit_seconds=330)
    return job


async def test_a_job_that_idle_workers_take_over_from_a_dead_one_is_reaped(heard: InMemoryMetrics) -> None:
    store = MemoryStore(VirtualClock())
    job = await held_by_the_dead(store, max_attempts=2)
    backend = a_backend_over(store, heard)
    await over(backend, [job])
    counted = [heard.value(f"aijobs_jobs_{what}") for what in ("reaped", "started", "completed", "failed")]
    assert counted == [1, 1, 1, 0]
    await backend.aclose()


async def test_a_job_that_killed_its_last_worker_has_failed(heard: InMemoryMetrics) -> None:
    store = MemoryStore(VirtualClock())
    job = await held_by_the_dead(store, max_attempts=1)
    backend = a_backend_over(store, heard)
    await over(backend, [job])
    assert heard.value("aijobs_jobs_failed", type="test_job", region="", category="internal") == 1
    assert heard.value("aijobs_jobs_reaped") == 1
    await backend.aclose()


async def test_a_job_that_was_to_be_cancelled_and_lost_its_worker_is_no_failure(heard: InMemoryMetrics) -> None:
    store = MemoryStore(VirtualClock())
    job = await held_by_the_dead(store, max_attempts=1)
    backend = a_backend_over(store, heard)
    await backend.cancel(job.id)
    await over(backend, [job])
    assert (heard.value("aijobs_jobs_cancelled", type="test_job"), heard.value("aijobs_jobs_failed")) == (1, 0)
    await backend.aclose()


def test_every_instrument_has_a_name_and_labels_of_its_own_kind() -> None:
    names = [one.name for one in INSTRUMENTS]
    assert len(set(names)) == len(names)
    allowed = {"type", "provider", "region", "outcome", "category", "state"}
    assert {label for one in INSTRUMENTS for label in one.labels} <= allowed
