"""Workers are killed and frozen and the database crashes while jobs run; AIJOBS_TORTURE=1 does it to 2,000 jobs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.torture.ordeal import CRASH, FREEZE, KILL, LONG, SHORT, undergo
from services.postgres import running_postgres

ORDEAL = LONG if "AIJOBS_TORTURE" in os.environ else SHORT

pytestmark = pytest.mark.timeout(600)


def test_every_job_on_sqlite_ends_once_though_workers_are_killed_and_frozen(tmp_path: Path) -> None:
    outcome = undergo(ORDEAL, f"sqlite:///{tmp_path}/jobs.db")
    assert outcome.broken == []
    assert {KILL, FREEZE} <= outcome.strikes.keys()


def test_every_job_on_postgresql_ends_once_though_it_crashes_as_well() -> None:
    with running_postgres(durable=False) as server:
        outcome = undergo(ORDEAL, server.new_database(), server)
    assert outcome.broken == []
    assert {KILL, FREEZE, CRASH} <= outcome.strikes.keys()
