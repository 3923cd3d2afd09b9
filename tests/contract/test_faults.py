"""The engine over a store with which things go wrong: whatever the plan, every job ends once, with all it made.

AIJOBS_TORTURE=1 tries many more plans.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.events import JobEvent, JobReleased, JobStarted, TerminalEvent
from aijobs_sdk.contract.job import Caller, Job, JobQuery, JobRequest, JobStatus
from aijobs_sdk.contract.records import DeadLetterQuery
from aijobs_sdk.contract.results import GenerationResult
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World, text_of
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock, VirtualLoop
from contract.faulty_store import Fault, Faults, FaultyStore, Plan
from contract.places import InMemory, Place

T = TypeVar("T")
US = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
MODELS = ModelTable.load()
TYPES = JobTypes([ai_generation(MODELS), do_as_told])
CLOCK = VirtualClock()
EVERYTHING: dict[str, Any] = {"since": EPOCH, "until": EPOCH + timedelta(days=365)}

METHODS = ["create", "wait_claimable", "claim", "heartbeat", "append", "finish", "request_cancel", "reap", "events"]
CALLS = st.tuples(st.sampled_from(METHODS), st.integers(1, 6))
PLANS = st.dictionaries(CALLS, st.sampled_from(Fault), min_size=6, max_size=30)
TOLD = st.builds(
    lambda **payload: JobRequest(type="test_job", payload=payload),
    seconds=st.sampled_from([0, 5, 100]),
    steps=st.integers(0, 3),
    text=st.sampled_from([(), ("one ", "two")]),
    fail_attempts=st.integers(0, 3),
)
GENERATION = st.builds(
    lambda n: JobRequest(type="ai_generation", payload={"prompt": f"Describe river {n}.", "model": "gpt-5.2"}),
    st.integers(1, 9),
)
REQUESTS = st.lists(TOLD | GENERATION, min_size=2, max_size=6)
PATIENCE = timedelta(days=1)


class Run:
    """Requests that somebody insists on, and processes that work on them, one after the other has crashed."""

    def __init__(self, store: Store, requests: Sequence[JobRequest], plan: Plan, *, cancelled: int) -> None:
        self._store = store
        self._faults = Faults(plan)
        self._simulation = Simulation(seed=1, profile="fast")
        # Who insists names the work, so that an answer that was lost makes no second job.
        self._requests = [one.replace(idempotency_key=str(n)) for n, one in enumerate(requests)]
        self._cancelled = cancelled
        self.accepted: list[Job] = []
        self.read: defaultdict[UUID, list[JobEvent]] = defaultdict(list)

    async def to_the_end(self) -> None:
        """Work until every job is seen to have ended."""
        over = False
        while not over:
            faulty = FaultyStore(self._store, self._faults)
            using = asyncio.create_task(self._use(self._backend(faulty)))
            crash = asyncio.create_task(faulty.crashed.wait())
            await asyncio.wait([using, crash], return_when="FIRST_COMPLETED", timeout=PATIENCE.total_seconds())
            assert using.done() or crash.done(), "a job is stuck"
            over = using.done() and not using.cancelled()
            using.cancel()
            crash.cancel()
            if over:
                await using

    def _backend(self, faulty: FaultyStore) -> LocalBackend:
        names = {route.provider for model in MODELS for route in model.routes}
        world = World(
            store=faulty.as_store(),
            providers={name: SimulatedProvider(name, self._simulation, CLOCK) for name in names},
            clock=CLOCK,
            chance=Chance(1),
            limits=Limits(concurrency=3),
        )
        return LocalBackend(world=world, types=TYPES, caller=US)

    async def _use(self, backend: LocalBackend) -> None:
        for request in self._requests[len(self.accepted) :]:
            self.accepted += await insist(partial(backend.submit, [request]))
        for job in self.accepted[: self._cancelled]:
            await insist(partial(backend.cancel, job.id))
        for job in self.accepted:
            await insist(partial(self._follow, backend, job))
        await backend.aclose()

    async def _follow(self, backend: LocalBackend, job: Job) -> None:
        read = self.read[job.id]
        async with aclosing(backend.events(job.id, after=len(read))) as events:
            async for event in events:
                read.append(event)


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    while True:
        with suppress(StoreUnavailableError):
            return await step()
        await CLOCK.sleep(1)


async def check(store: Store, run: Run) -> None:
    jobs = (await store.list_jobs(US.tenant_id, JobQuery(limit=1000))).jobs
    assert [job.id for job in reversed(jobs)] == [job.id for job in run.accepted]
    for job in jobs:
        log = await store.events(US.tenant_id, job.id, after=0)
        assert log == run.read[job.id]
        check_log(job, log)
    await check_what_is_left(store, jobs)


def check_log(job: Job, log: Sequence[JobEvent]) -> None:
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert [event.seq for event in log if isinstance(event, TerminalEvent)] == [len(log)]
    starts = sum(isinstance(event, JobStarted) for event in log)
    assert starts <= job.max_attempts + sum(isinstance(event, JobReleased) for event in log)
    if job.status is JobStatus.COMPLETED and job.type == "ai_generation":
        assert text_of(log) == (job.result or {})["content"]


async def check_what_is_left(store: Store, jobs: Sequence[Job]) -> None:
    """Each completed generation left one document and one usage row, each failed job one dead letter."""
    generated = [job for job in jobs if job.status is JobStatus.COMPLETED and job.type == "ai_generation"]
    results = [GenerationResult.model_validate(job.result) for job in generated]
    documents = [await store.document(US.tenant_id, result.document_id) for result in results]
    assert [document and document.job_id for document in documents] == [job.id for job in generated]
    usage = await store.usage(US.tenant_id, **EVERYTHING)
    assert sorted(str(row.metadata["job_id"]) for row in usage) == sorted(str(job.id) for job in generated)
    letters = await store.dead_letters(US.tenant_id, DeadLetterQuery(limit=1000))
    failed = [job.id for job in jobs if job.status is JobStatus.FAILED and not job.cancelled()]
    assert sorted(letter.job_id for letter in letters) == sorted(failed)


@pytest.mark.timeout(1800)
def test_every_job_ends_once_with_all_it_made_whatever_goes_wrong(new_place: Callable[[], Place]) -> None:
    examples = 600 if new_place is InMemory else 40

    @settings(max_examples=examples * (20 if "AIJOBS_TORTURE" in os.environ else 1))
    @given(requests=REQUESTS, plan=PLANS, cancelled=st.integers(0, 2))
    def holds(requests: list[JobRequest], plan: Plan, cancelled: int) -> None:
        async def scenario() -> None:
            store = new_place().open(CLOCK)
            run = Run(store, requests, plan, cancelled=cancelled)
            await run.to_the_end()
            await check(store, run)
            await store.aclose()

        with asyncio.Runner(loop_factory=lambda: VirtualLoop(always=True, threads_take_time=False)) as runner:
            runner.run(scenario())

    holds()
