"""How things are in this process: whether the store answers, and what works, waits and is broken."""

from __future__ import annotations

import asyncio

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.contract.health import Health, StoreHealth, WorkersHealth
from aijobs_sdk.contract.job import Caller, JobQuery
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.workers import WorkerPool

PATIENCE_SECONDS = 5.0
"""A store that is silent for this long does not answer: whoever asks has a time limit as well."""


async def check_health(world: World, caller: Caller, pool: WorkerPool | None) -> Health:
    """Return how things are; the store is asked one small question, and whether it could be written to."""
    store = await _ask(world, caller)
    if pool is not None:
        store = store.replace(away_since=pool.store_away_since)
    return Health(
        healthy=store.reachable,
        store=store,
        workers=_NO_WORKERS if pool is None else pool.health(),
        breakers=world.guard.health(),
        paces=world.guard.paces(),
    )


async def _ask(world: World, caller: Caller) -> StoreHealth:
    loop = asyncio.get_running_loop()
    began_at, problem, silence = loop.time(), None, "The store did not answer"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await world.store.list_jobs(caller.tenant_id, JobQuery(limit=1))
            silence = "Nothing could be written to the store"
            await world.store.try_writing()
    except StoreUnavailableError as error:
        problem = error.message
    except TimeoutError:
        problem = f"{silence} within {PATIENCE_SECONDS:g} s."
    return StoreHealth(reachable=problem is None, seconds=loop.time() - began_at, problem=problem)


_NO_WORKERS = WorkersHealth(running=False, in_flight=0, concurrency=0)
