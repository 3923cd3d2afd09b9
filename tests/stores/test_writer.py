"""What the writer does for callers that go away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from aijobs_sdk.contract.store import NO_LIMITS, Taker
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.stores.sql import queries
from aijobs_sdk.stores.sql.commands import Create, GiveBack
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate
from aijobs_sdk.stores.sql.writer import Committed, Writer
from contract.new_jobs import new_job

pytestmark = pytest.mark.anyio


async def test_a_job_is_given_back_where_its_taker_is_cancelled_as_the_answer_comes(tmp_path: Path) -> None:
    database, clock, new = Database(f"sqlite:///{tmp_path / 'jobs.db'}"), VirtualClock(), new_job(VirtualClock())
    migrate(database)

    def cancel(_: Committed) -> None:
        # Comes between the answer and the next step of who waits for it.
        asyncio.get_running_loop().call_soon(creating.cancel)

    writer = Writer(database, clock.now, cancel)
    create = Create((new,), NO_LIMITS, Taker("w", {"test_job"}, 1, 30, 330))
    writing = writer.do(create, undo=lambda created: GiveBack(tuple(one.lease for one in created.claims)))
    creating = asyncio.create_task(writing)
    with suppress(asyncio.CancelledError):
        await creating
    await writer.aclose()
    job = database.read(queries.job, new.job.tenant_id, new.job.id)
    assert job is not None
    assert (creating.cancelled(), job.worker_id, job.attempts) == (True, "w", 0)
    database.close()
