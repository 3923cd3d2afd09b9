"""`aijobs health`: for a person, for a program, and for whoever looks at the exit code only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner, Result

from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.cli.health import health_text
from aijobs_sdk.contract.health import BreakerHealth, BreakerState, Health, StoreHealth, WorkersHealth


def health(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["health", *arguments])


def test_a_store_that_answers_is_healthy() -> None:
    result = health()
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "healthy"


def test_json_is_the_whole_answer(tmp_path: Path) -> None:
    result = health("--json", "--url", f"sqlite:///{tmp_path}/jobs.db")
    assert result.exit_code == 0
    found = Health.model_validate_json(result.stdout)
    assert (found.healthy, found.store.reachable, found.workers.running) == (True, True, False)


def test_a_database_that_cannot_be_used_is_an_answer_and_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_text("This is no database. " * 100)
    result = health("--json", "--url", f"sqlite:///{tmp_path}/jobs.db")
    assert result.exit_code == 1
    assert "is not a database" in json.loads(result.stdout)["store"]["problem"]


def test_an_address_that_cannot_be_is_bad_input() -> None:
    assert health("--url", "sqlite:///no/such/folder/jobs.db").exit_code == 2


def test_a_person_reads_a_line_for_each_part() -> None:
    found = Health(
        healthy=True,
        store=StoreHealth(reachable=True, seconds=0.0021),
        workers=WorkersHealth(running=True, in_flight=3, concurrency=100),
        breakers=(
            BreakerHealth(
                provider="openai",
                state=BreakerState.OPEN,
                failures=10,
                retry_at=datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
            ),
        ),
    )
    assert health_text(found).splitlines() == [
        "healthy",
        "store     answers in 2.1 ms",
        "workers   3 of 100 places taken",
        "provider  openai: open until 12:30:00 UTC, 10 recent failures",
    ]
