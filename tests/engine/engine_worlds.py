"""What the tests of the running engine share: a simulated world in memory, and words for what is done in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Caller, Job, JobRequest
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.metrics import Metrics
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.memory import MemoryStore

CALLER = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))


@asynccontextmanager
async def a_backend(
    simulation: Simulation,
    *,
    limits: Limits | None = None,
    metrics: Metrics | None = None,
    job_types: Iterable[JobType[Any]] = (),
) -> AsyncIterator[Backend]:
    """Jobs in memory and in virtual time."""
    clock, models = VirtualClock(), ModelTable.load()
    names = {route.provider for model in models for route in model.routes}
    world = World(
        store=MemoryStore(clock),
        providers={name: SimulatedProvider(name, simulation, clock) for name in names},
        clock=clock,
        chance=Chance(1),
        limits=limits or Limits(),
        meter=Meter(metrics),
    )
    types = JobTypes([ai_generation(models), do_as_told, *job_types])
    backend = LocalBackend(world=world, types=types, caller=CALLER)
    yield backend
    await backend.aclose()


def texts(model: str, *, number: int) -> list[JobRequest]:
    """Return requests for so many texts."""
    return [
        JobRequest(type="ai_generation", payload={"prompt": f"Question {n}", "model": model}) for n in range(number)
    ]


async def over(backend: Backend, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs once all of them have ended."""
    for job in jobs:
        async for _ in backend.events(job.id):
            pass
    return [await backend.get(job.id) for job in jobs]
