"""The implementations that the suites of this folder are run against: a new one is one line in a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.artifacts import Folder
from aijobs_sdk.jobtypes.blocks.job_types import block_job_types
from aijobs_sdk.jobtypes.image_generation import image_generation
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop
from contract.places import InMemory, Place, copy_of, emptied, make_tables, owned_by_an_ordinary_role
from contract.served import served
from services.postgres import PostgresServer

OURS = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
THEIRS = Caller(tenant_id=UUID(int=2), user_id=UUID(int=20))


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Virtual time, in which what a database or a server does takes no time: instants can be compared exactly."""
    is_served = "backend_for" in request.fixturenames
    return "asyncio", {
        "loop_factory": lambda: VirtualLoop(always=True, threads_take_time=False, sockets_lead_here=is_served)
    }


@pytest.fixture
def clock() -> Clock:
    """The virtual clock of the test's loop."""
    return VirtualClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "jobs.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def contract_postgres_url(postgres_server: PostgresServer) -> str:
    """The one PostgreSQL database that the tests of this folder share, with tables."""
    url = owned_by_an_ordinary_role(postgres_server.new_database())
    make_tables(url)
    return url


@pytest.fixture(params=["memory", "memory-put-away", "sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Every kind of place where a store may keep its jobs, one after the other."""
    if request.param == "memory":
        return InMemory
    if request.param == "memory-put-away":
        return partial(InMemory, at_hand=0)
    if request.param == "sqlite":
        return partial(copy_of, request.getfixturevalue("sqlite_template"), tmp_path)
    return partial(emptied, request.getfixturevalue("contract_postgres_url"))


@pytest.fixture
async def store(new_place: Callable[[], Place], clock: Clock) -> AsyncIterator[Store]:
    """Every store there is, one after the other."""
    opened = new_place().open(clock)
    yield opened
    await opened.aclose()


@pytest.fixture
def simulation() -> Simulation:
    """The world behind the backend: calm, unless the test scripts it."""
    return Simulation(seed=1, profile="fast")


@pytest.fixture
def world(store: Store, clock: Clock, simulation: Simulation) -> World:
    """What jobs touch here."""
    names = {route.provider for model in ModelTable.load() for route in model.routes}
    return World(
        store=store,
        providers={name: SimulatedProvider(name, simulation, clock) for name in names},
        clock=clock,
        chance=Chance(1),
        limits=Limits(),
    )


@pytest.fixture(params=["local", "http"])
async def backend_for(
    request: pytest.FixtureRequest, world: World, tmp_path: Path
) -> AsyncIterator[Callable[[Caller], Backend]]:
    """Every backend there is, as any caller sees it."""
    models = ModelTable.load()
    pictures = image_generation(models, Folder(tmp_path / "pictures"))
    types = JobTypes([ai_generation(models), pictures, *block_job_types(models), do_as_told])
    local = LocalBackend(world=world, types=types, caller=OURS)
    if request.param == "local":
        yield local.acting_for
    else:
        async with served(local) as open_for:
            yield open_for
    await local.aclose()


@pytest.fixture
def backend(backend_for: Callable[[Caller], Backend]) -> Backend:
    """Every backend there is, seen by one caller."""
    return backend_for(OURS)
