"""In which order the commands of one transaction run, and whose rows each may reach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.batches import BatchChange, BatchRecord, Hold, Holder
from aijobs_sdk.contract.job import Caller, Priority
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import NO_LIMITS
from aijobs_sdk.contract.suggestions import SuggestionStatus
from aijobs_sdk.engine.suggestions import new_decision
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql.batches import ChangeBatch, ClearAway, DeleteBatch, HoldBatch, OpenBatch, PutBatchRows
from aijobs_sdk.stores.sql.commands import Cancel, Command, Create, Nothing, Reap
from aijobs_sdk.stores.sql.schedules import RunSchedule
from aijobs_sdk.stores.sql.suggestions import DecideSuggestion
from aijobs_sdk.stores.sql.turns import turns
from contract.new_jobs import THEM, US, new_job

JOB, BATCH = UUID(int=3), UUID(int=4)
NOW = SystemClock().now()


def test_each_tenant_has_a_turn_and_the_engine_the_last() -> None:
    create = Create((new_job(SystemClock()),), NO_LIMITS)
    commands: list[Command[Any]] = [Reap(()), Cancel(THEM, JOB), create, Nothing(), Cancel(US, JOB)]
    assert list(turns(commands)) == [(US, [2, 4]), (THEM, [1]), (None, [0, 3])]


def test_jobs_of_several_tenants_are_made_by_nobody_in_particular() -> None:
    create = Create((new_job(SystemClock()), new_job(SystemClock(), tenant_id=THEM)), NO_LIMITS)
    assert list(turns([create])) == [(None, [0])]


def test_a_suggestion_is_decided_in_its_tenants_turn() -> None:
    caller = Caller(tenant_id=US, user_id=US)
    decision = new_decision(JOB, SuggestionStatus.APPLIED, caller=caller, clock=SystemClock())
    assert next(turns([DecideSuggestion(decision)])) == (US, [0])


def test_a_schedule_comes_to_its_job_in_its_tenants_turn() -> None:
    new = new_job(SystemClock())
    schedule = Schedule(
        tenant_id=US,
        user_id=US,
        name="nightly",
        type=new.job.type,
        payload={},
        cron="0 2 * * *",
        timezone="UTC",
        priority=Priority.LOW,
        max_attempts=3,
        created_at=NOW,
        next_run_at=NOW,
    )
    assert next(turns([RunSchedule(schedule, Create((new,), NO_LIMITS), NOW)])) == (US, [0])


@pytest.mark.parametrize(
    "command",
    [
        OpenBatch(BatchRecord(id=BATCH, tenant_id=US, user_id=US, name="b", created_at=NOW, updated_at=NOW)),
        ChangeBatch(US, BATCH, BatchChange()),
        HoldBatch(US, BATCH, Hold(Holder(token="t", host="h", pid=1, since=NOW), 30)),
        PutBatchRows(US, BATCH, ()),
        DeleteBatch(US, BATCH),
        ClearAway(US, BATCH, 1),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_is_done_to_a_batch_is_done_in_its_tenants_turn(command: Command[Any]) -> None:
    assert next(turns([command])) == (US, [0])
