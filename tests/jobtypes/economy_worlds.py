"""Processes that work on jobs of one store, at vendors of one simulated world: one may freeze when a batch was made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

import aijobs_sdk as aijobs
from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.economy import BatchProvider, RemoteBatch, RemoteState
from aijobs_sdk.contract.job import Caller, Job, JobRequest
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.economy.job_types import economy_job_types
from aijobs_sdk.providers.failures import RESET
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.providers import simulated_providers
from aijobs_sdk.stores.memory import MemoryStore

MODELS = {"openai": "gpt-5.2", "anthropic": "claude-sonnet-4.5"}
TENANT = UUID(int=1)


class FreezingStore:
    """A store as one process sees it: once that is frozen, nothing it asks for comes back until it wakes up."""

    def __init__(self, store: Store, wakes: asyncio.Event) -> None:
        self._store = store
        self._wakes = wakes
        self.is_frozen = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def ask(*args: Any, **options: Any) -> Any:
            if self.is_frozen:
                await self._wakes.wait()
            answer = await method(*args, **options)
            if self.is_frozen:
                await self._wakes.wait()
            return answer

        return ask


Fate = Literal["lives", "freezes", "hears nothing", "freezes later"]
"""What becomes of a process in the moment in which a vendor has made its first batch, or is asked for it."""


class Vendor:
    """A vendor as one process sees it."""

    def __init__(self, vendor: BatchProvider, place: Place, store: FreezingStore, fate: Fate) -> None:
        self._vendor = vendor
        self._place = place
        self._store = store
        self._fate = fate
        self.name = vendor.name
        self.batch_limits = vendor.batch_limits
        # The rest is the vendor's. Python 3.12 looks for it here, and asks no `__getattr__`, to tell who takes batches.
        self.stream, self.aclose = vendor.stream, vendor.aclose
        self.batch_bytes, self.find_batch = vendor.batch_bytes, vendor.find_batch
        self.batch_results, self.cancel_batch = vendor.batch_results, vendor.cancel_batch

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        batch = await self._vendor.submit_batch(requests, token=token)
        self._place.batches.append(batch)
        if self._fate == "freezes":
            await self._freeze()
        if self._fate == "hears nothing":
            self._fate = "lives"
            raise RESET.error(self.name)
        return batch

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        if self._fate == "freezes later":
            await self._freeze()
        return await self._vendor.batch_status(batch)

    async def _freeze(self) -> None:
        self._fate = "lives"
        self._store.is_frozen = True
        self._place.froze.set()
        await asyncio.Event().wait()  # what it was waiting for never comes


class Place:
    """A store and a world of vendors, in which processes come and go."""

    def __init__(self, sim: aijobs.Mock, provider: str) -> None:
        self.sim = sim
        self.provider = provider
        self.store = MemoryStore(sim.clock)
        self.batches: list[RemoteBatch] = []
        """What the vendor has made."""
        self.froze = asyncio.Event()
        self.wakes = asyncio.Event()

    @asynccontextmanager
    async def process(self, fate: Fate = "lives") -> AsyncIterator[LocalBackend]:
        """Let a process work inside, with nothing in mind of those before it."""
        store, models = FreezingStore(self.store, self.wakes), ModelTable.load()
        vendors = dict(simulated_providers(self.sim, models).ready)
        vendor = Vendor(cast("BatchProvider", vendors[self.provider]), self, store, fate)
        vendors[self.provider] = cast("BatchProvider", vendor)
        world = World(
            store=cast("Store", store),
            providers=vendors,
            clock=self.sim.clock,
            chance=Chance(1),
            limits=Limits(),
        )
        caller = Caller(tenant_id=TENANT, user_id=UUID(int=10))
        backend = LocalBackend(
            world=world, types=JobTypes([ai_generation(models), *economy_job_types(models)]), caller=caller
        )
        await backend.start()
        try:
            yield backend
        finally:
            if self.wakes.is_set() or not store.is_frozen:  # else it is as good as dead, and tidies nothing up
                await backend.aclose()

    async def state(self) -> RemoteState:
        """Return where the first batch stands at the vendor."""
        vendor = simulated_providers(self.sim, ModelTable.load()).ready[self.provider]
        seen = await cast("BatchProvider", vendor).batch_status(self.batches[0])
        await vendor.aclose()
        return seen.state

    def request(self, count: int = 20, **payload: Any) -> JobRequest:
        """Return a request for so many texts."""
        items = [{"key": f"text-{n}", "payload": self._payload(n) | payload} for n in range(count)]
        return JobRequest(type="ai_generation_batch", payload={"items": items})

    def alone(self) -> JobRequest:
        """Return a request for the first of them by itself."""
        return JobRequest(type="ai_generation", payload={**self._payload(0), "provider": self.provider})

    def _payload(self, n: int) -> dict[str, Any]:
        return {"prompt": f"Write about river {n}.", "model": MODELS[self.provider], "stream": False}


class Came(NamedTuple):
    """What a job came to."""

    job: Job

    def __getattr__(self, name: str) -> Any:
        return getattr(self.job, name)

    @property
    def results(self) -> Mapping[str, Any]:
        assert self.job.result is not None, self.job.error
        return cast("Mapping[str, Any]", self.job.result["results"])

    @property
    def errors(self) -> Mapping[str, Any]:
        assert self.job.result is not None, self.job.error
        return cast("Mapping[str, Any]", self.job.result["errors"])

    @property
    def took(self) -> timedelta:
        assert self.job.completed_at is not None
        return self.job.completed_at - self.job.created_at


async def over(backend: LocalBackend, job: Job) -> Came:
    """Return what a job came to, once it is over."""
    async for _ in backend.events(job.id):
        pass
    return Came(await backend.get(job.id))


async def asked(backend: LocalBackend, request: JobRequest) -> Came:
    """Return what a request comes to."""
    [job] = await backend.submit([request])
    return await over(backend, job)
