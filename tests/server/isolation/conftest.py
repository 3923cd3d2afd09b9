"""Somebody who has something of every kind, in every kind of place, and two who have nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
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
from aijobs_sdk.server.app import create_app
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock, VirtualLoop
from contract.places import InMemory, Place, copy_of, emptied, make_tables, owned_by_an_ordinary_role
from server.conftest import new_client
from server.isolation.belongings import Belongings, acquire
from server.isolation.watched import Watched, WatchedSqlStore
from server.server_worlds import OURS, KeyRing
from services.postgres import PostgresServer

OTHERS = Caller(tenant_id=UUID(int=3), user_id=UUID(int=30))


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Virtual time, in which a database takes none."""
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True, threads_take_time=False)}


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "jobs.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def tables_url(postgres_server: PostgresServer) -> str:
    """A PostgreSQL database that belongs to a role which its second wall holds."""
    url = owned_by_an_ordinary_role(postgres_server.new_database())
    make_tables(url)
    return url


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Every kind of place where a store may keep its jobs, one after the other."""
    places: dict[str, Callable[[], Place]] = {
        "memory": InMemory,
        "sqlite": lambda: copy_of(request.getfixturevalue("sqlite_template"), tmp_path),
        "postgresql": lambda: emptied(request.getfixturevalue("tables_url")),
    }
    return places[request.param]()


@pytest.fixture
async def backend(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalBackend]:
    """A world with every type of job, whose store is watched."""
    monkeypatch.setattr("contract.places.SqlStore", WatchedSqlStore)
    clock, models = VirtualClock(), ModelTable.load()
    simulation = Simulation(seed=1, profile="instant")
    world = World(
        store=cast("Store", Watched(place.open(clock))),
        providers={
            name: SimulatedProvider(name, simulation, clock) for name in {r.provider for m in models for r in m.routes}
        },
        clock=clock,
        chance=Chance(1),
        limits=Limits(),
    )
    pictures = image_generation(models, Folder(tmp_path / "pictures"))
    types = JobTypes([ai_generation(models), pictures, *block_job_types(models), do_as_told])
    backend = LocalBackend(world=world, types=types, caller=OURS)
    yield backend
    await backend.aclose()


@pytest.fixture
def app(backend: LocalBackend, keys: KeyRing) -> FastAPI:
    """The application over it, with metrics."""
    return create_app(backend.acting_for, keys=keys, metrics_text=lambda: "jobs_total 6\n")


@pytest.fixture
async def owned(client: httpx.AsyncClient) -> list[Belongings]:
    """All that our tenant has."""
    return await acquire(client)


@pytest.fixture
async def others(app: FastAPI, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of a third tenant."""
    async with new_client(app, keys.cut(OTHERS)) as client:
        yield client
