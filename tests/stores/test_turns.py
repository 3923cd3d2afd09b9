"""In which order the commands of one transaction run, and whose rows each may reach."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aijobs_sdk.contract.store import NO_LIMITS
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.sql.commands import Cancel, Command, Create, Nothing, Reap
from aijobs_sdk.stores.sql.turns import turns
from contract.new_jobs import THEM, US, new_job

JOB = UUID(int=3)


def test_each_tenant_has_a_turn_and_the_engine_the_last() -> None:
    create = Create((new_job(SystemClock()),), NO_LIMITS)
    commands: list[Command[Any]] = [Reap(()), Cancel(THEM, JOB), create, Nothing(), Cancel(US, JOB)]
    assert list(turns(commands)) == [(US, [2, 4]), (THEM, [1]), (None, [0, 3])]


def test_jobs_of_several_tenants_are_made_by_nobody_in_particular() -> None:
    create = Create((new_job(SystemClock()), new_job(SystemClock(), tenant_id=THEM)), NO_LIMITS)
    assert list(turns([create])) == [(None, [0])]
