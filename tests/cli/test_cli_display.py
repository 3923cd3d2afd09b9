"""What a person sees: it fits 80 columns, and says things in plain words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from click.testing import CliRunner
from rich.console import Console

from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.cli.ages import age_text
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.cli.demo import run_demo
from aijobs_sdk.cli.display import event_line
from aijobs_sdk.contract.events import JobProgressed
from aijobs_sdk.contract.job import JobStatus
from aijobs_sdk.providers.models import ModelTable

COMMANDS = [[], ["demo"], ["submit"], ["watch"], ["batch"], ["usage"], ["usage", "report"], ["models"], ["types"]]
COMMANDS += [
    ["batch", word] for word in ("rows.jsonl", "list", "status", "resume", "pause", "cancel", "export", "delete")
]
COMMANDS += [["usage", word] for word in ("ingest", "close", "reopen", "verify", "correct", "months")]
COMMANDS += [["usage", "reconcile"], ["usage", "export"], ["usage", "sql"], ["export"], ["export", "usage"]]
COMMANDS += [["export", "jobs"]]
COMMANDS += [["worker"], ["dlq"], ["dlq", "list"], ["dlq", "show"], ["dlq", "replay"], ["dlq", "purge"]]


@pytest.mark.parametrize(("age", "text"), [({"seconds": 0.4}, "0s"), ({"minutes": 90}, "1h"), ({"days": 20}, "2w")])
def test_an_age_is_told_in_its_largest_unit(age: dict[str, float], text: str) -> None:
    assert age_text(timedelta(**age)) == text


def test_what_a_job_says_of_itself_stays_on_its_line_and_moves_no_cursor() -> None:
    event = JobProgressed(
        job_id=UUID(int=1),
        seq=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        status=JobStatus.PROCESSING,
        progress=50,
        message="Half\x1b[2J\nway",
    )
    assert event_line(event).endswith("50%  Half\\x1b[2J way")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "aijobs")
def test_help_fits_and_cuts_no_sentence_short(command: list[str]) -> None:
    result = CliRunner().invoke(aijobs, [*command, "--help"], terminal_width=80)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "..." not in result.stdout.replace("]...", "").replace("PATHS...", "")


def test_the_models_fit_80_columns_with_their_names_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(aijobs, ["models"]).stdout.splitlines()
    assert [line.split()[0] for line in lines[2:8]] == [model.name for model in ModelTable.load()]
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)


def test_types_lists_each_with_its_payload_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.rstrip() for line in CliRunner().invoke(aijobs, ["types"]).stdout.splitlines()]
    assert {"ai_generation", "test_job"} <= set(lines)
    assert "prompt             required  string" in lines
    assert max(map(len, lines)) <= 80


def test_types_as_json_are_schemas() -> None:
    schemas = json.loads(CliRunner().invoke(aijobs, ["types", "--json"]).stdout)
    assert schemas["ai_generation"]["required"] == ["prompt", "model"]


def test_models_as_json_holds_the_prices() -> None:
    models = json.loads(CliRunner().invoke(aijobs, ["models", "--json"]).stdout)
    assert models[0]["name"] == "gpt-5.2"
    assert Decimal(models[0]["routes"][0]["price"]["input"]) == Decimal("1.75")


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[BatchProgress, list[str]]:
    """The demo on virtual time, at 80 columns, and what it printed."""
    monkeypatch.setenv("COLUMNS", "80")
    progress = run_demo(Console(highlight=False), clock="virtual")
    return progress, capsys.readouterr().out.splitlines()


def test_the_demo_takes_a_few_seconds_of_a_persons_time(demo: tuple[BatchProgress, list[str]]) -> None:
    progress, _ = demo
    assert 2 < progress.elapsed_seconds < 12


def test_the_demo_shows_one_retry_and_one_refusal(demo: tuple[BatchProgress, list[str]]) -> None:
    progress, _ = demo
    assert (progress.total, progress.completed, progress.failed, progress.retries) == (12, 11, 1, 1)


def test_no_line_of_the_demos_tables_is_broken(demo: tuple[BatchProgress, list[str]]) -> None:
    _, lines = demo
    rules = [line for line in lines if set(line) == {"─"}]
    assert min(map(len, rules)) > 40  # of a broken one, the rest stands alone


def test_the_demo_ends_with_the_bill_and_what_to_do_next(demo: tuple[BatchProgress, list[str]]) -> None:
    _, lines = demo
    bill, total, following = (
        lines.index("Usage in 2026-01: open"),
        next(number for number, line in enumerate(lines) if line.startswith("Total ")),
        lines.index("Next"),
    )
    assert bill < total < following
    assert lines[total].split()[1] == "11"
    assert max(map(len, lines)) <= 80
