"""Every route of the OpenAPI document, asked by one tenant for what is another's: it reads as if it were not there."""

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
from aijobs_sdk.contract.keys import Scope
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
from server.belongings import SECRET, Belongings, acquire, nobodys
from server.conftest import new_client
from server.server_worlds import OURS, THEIRS, KeyRing
from server.walk import EXAMPLES, OPERATIONS, Answer, Operation, masked
from server.watched import Watched, WatchedSqlStore, trips_noted
from services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

OTHERS = Caller(tenant_id=UUID(int=3), user_id=UUID(int=30))
ABOUT_THE_SERVER = {"is_alive", "is_ready", "get_health", "show_metrics"}
LETS_READ = {one.id for one in OPERATIONS if one.method == "get"} - {"show_metrics", "is_alive", "is_ready"} | {
    *("find_refusals", "estimate", "look_up", "follow_many"),
}
LETS_OPERATE = {"show_metrics", "purge_dead_letters"}
STARTS_JOBS = {"submit", "start_report_job"}
A_MISSING_JOB = 'retry: 1000\nevent: missing\ndata: {"job_id": "<job>"}\n\n'
NOTHING = {
    "list_jobs": '{"jobs":[],"next_cursor":null}',
    "look_up": '{"jobs":[],"missing":["<job>"]}',
    "list_images": '{"images":[]}',
    "follow_some": A_MISSING_JOB,
    "follow_many": A_MISSING_JOB,
    "list_blocks": '{"blocks":[]}',
    "list_revisions": '{"revisions":[]}',
    "list_lineage": '{"lineage":[]}',
    "list_usage": "",
    "list_report_jobs": '{"jobs":[]}',
    "list_dead_letters": '{"dead_letters":[]}',
    "purge_dead_letters": '{"purged":0}',
    "list_schedules": '{"schedules":[]}',
}
"""What routes answer to who has nothing, where they have no 404."""


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


Answers = dict[tuple[str, int], Answer]


async def walked(client: httpx.AsyncClient, owned: list[Belongings], *, by: Callable[[Operation], bool]) -> Answers:
    """Return how each of these routes answers when it is asked for each of these."""
    return {
        (one.id, n): masked(await one.ask(client, EXAMPLES[one.id](own)), own)
        for one in OPERATIONS
        if by(one)
        for n, own in enumerate(owned)
    }


async def trips(client: httpx.AsyncClient, owned: list[Belongings]) -> dict[str, list[str]]:
    """Return what each route has the store do, when it is asked for each of these, and starts no job."""
    done = {}
    for one in (one for one in OPERATIONS if one.id not in STARTS_JOBS):
        with trips_noted() as done[one.id]:
            await walked(client, owned, by=one.__eq__)
    return done


def every(_: Operation) -> bool:
    return True


def is_answered_at_once(one: Operation) -> bool:
    return one.method == "get" and one.id not in {"follow_one", "follow_some", *ABOUT_THE_SERVER}


def test_every_route_has_an_example() -> None:
    assert {one.id for one in OPERATIONS} == EXAMPLES.keys()


def changes_something(one: Operation) -> bool:
    return one.id not in LETS_READ | {"is_alive", "is_ready"}


async def test_what_is_anothers_is_answered_like_what_is_nobodys(
    owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    about_ours = await walked(theirs, owned, by=every)
    about_nothing = await walked(others, [nobodys(own) for own in owned], by=every)
    assert about_ours == about_nothing


async def test_what_is_anothers_is_not_found_or_nothing(owned: list[Belongings], theirs: httpx.AsyncClient) -> None:
    answers = await walked(theirs, owned, by=lambda one: one.may_be_missing and one.id not in ABOUT_THE_SERVER)
    assert {answer.status for answer in answers.values()} == {404}
    answers = await walked(theirs, owned, by=lambda one: one.id in NOTHING)
    assert {name: answer.text for (name, _), answer in answers.items()} == NOTHING


async def test_nothing_of_anothers_is_told(owned: list[Belongings], theirs: httpx.AsyncClient) -> None:
    answers = await walked(theirs, owned, by=every)
    ours = {SECRET, str(OURS.tenant_id), str(OURS.user_id), *(name for own in owned for _, name in own.named())}
    assert {where for where, answer in answers.items() for name in ours if name in answer.text} == set()


async def test_nothing_of_anothers_is_changed(
    client: httpx.AsyncClient, owned: list[Belongings], theirs: httpx.AsyncClient
) -> None:
    before = await walked(client, owned, by=is_answered_at_once)
    answers = await walked(theirs, owned, by=changes_something)
    assert len(answers) > 20
    assert await walked(client, owned, by=is_answered_at_once) == before


async def test_what_is_anothers_costs_what_nobodys_does(
    owned: list[Belongings], theirs: httpx.AsyncClient, others: httpx.AsyncClient
) -> None:
    for_ours = await trips(theirs, owned)
    for_nothing = await trips(others, [nobodys(own) for own in owned])
    assert for_ours == for_nothing


async def test_the_owner_is_answered(client: httpx.AsyncClient, owned: list[Belongings]) -> None:
    answers = await walked(client, owned, by=every)
    assert {name for (name, _), answer in answers.items() if answer.status < 300} == EXAMPLES.keys() - {"submit"}
    assert {answers["submit", n].status for n in range(len(owned))} == {409}  # the key was used for something else
    assert {name for (name, _), answer in answers.items() if answer.text != NOTHING.get(name)} == EXAMPLES.keys()


async def test_every_route_but_the_probes_refuses_who_shows_no_key(app: FastAPI) -> None:
    own = Belongings(*["0" * 8 + "-0000-4000-8000-" + "0" * 12] * 6)
    answers = await walked(new_client(app), [own], by=every)
    refused = {name for (name, _), answer in answers.items() if answer.status == 401}
    assert refused == EXAMPLES.keys() - {"is_alive", "is_ready"}
    assert len({answer for answer in answers.values() if answer.status == 401}) == 1


@pytest.mark.parametrize(
    ("scope", "lets"),
    [
        (Scope.READ, LETS_READ),
        (Scope.WRITE, EXAMPLES.keys() - LETS_READ - LETS_OPERATE - {"is_alive", "is_ready"}),
        (Scope.OPERATE, LETS_OPERATE),
    ],
)
async def test_a_key_is_for_its_scope_alone(
    app: FastAPI, keys: KeyRing, owned: list[Belongings], scope: Scope, lets: set[str]
) -> None:
    answers = await walked(new_client(app, keys.cut(THEIRS, scope)), owned[:1], by=lambda one: one.wants_key)
    assert {name for (name, _), answer in answers.items() if answer.status != 403} == lets
