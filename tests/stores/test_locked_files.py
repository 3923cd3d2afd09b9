"""A file that another program keeps locked can be read, and is not healthy."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.health import check_health
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.sql import database
from aijobs_sdk.stores.sql.store import SqlStore
from engine.engine_worlds import CALLER

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world over a file, for whose lock nobody waits long."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    clock = VirtualClock()
    store = SqlStore(f"sqlite:///{tmp_path}/jobs.db", clock, shared=False)
    return World(store=store, providers={}, clock=clock, chance=Chance(1), limits=Limits())


@pytest.fixture
def other_program(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)) as connection:
        yield connection


async def test_health_says_that_nothing_can_be_written(world: World, other_program: sqlite3.Connection) -> None:
    other_program.execute("BEGIN IMMEDIATE")
    locked = await check_health(world, CALLER, None)
    other_program.execute("ROLLBACK")
    free = await check_health(world, CALLER, None)
    assert (locked.healthy, free.healthy) == (False, True)
    assert "Another program keeps it locked" in (locked.store.problem or "")
    await world.aclose()


async def test_many_who_write_at_once_are_not_told_one_after_the_other(
    world: World, other_program: sqlite3.Connection
) -> None:
    other_program.execute("BEGIN IMMEDIATE")
    began_at = time.monotonic()
    told = await asyncio.gather(*(world.store.try_writing() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(one, StoreUnavailableError) for one in told)
    assert time.monotonic() - began_at < 2  # two groups, of which each waits for the lock once
    other_program.execute("ROLLBACK")
    await world.aclose()
