"""What a person sees: it fits 80 columns, and says things in plain words."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.cli.ages import age_text
from aijobs_sdk.cli.batch_progress import BatchView, progress_line
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.cli.demo import run_demo
from aijobs_sdk.cli.display import duration
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.providers.models import ModelTable

COMMANDS = [[], ["demo"], ["submit"], ["watch"], ["batch"], ["usage"], ["usage", "report"], ["models"], ["types"]]
COMMANDS += [
    ["batch", word] for word in ("rows.jsonl", "list", "status", "resume", "pause", "cancel", "export", "delete")
]
COMMANDS += [["usage", word] for word in ("ingest", "close", "reopen", "verify", "correct", "months")]
COMMANDS += [["usage", "reconcile"], ["usage", "export"], ["usage", "sql"], ["export"], ["export", "usage"]]
COMMANDS += [["export", "jobs"]]
COMMANDS += [["worker"], ["dlq"], ["dlq", "list"], ["dlq", "show"], ["dlq", "replay"], ["dlq", "purge"]]


def shown(view: Any, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(view)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def a_progress(**changes: Any) -> BatchProgress:
    progress = BatchProgress(
        total=1_000_000,
        completed=499_000,
        failed=1000,
        running=50,
        retries=20_000,
        input_tokens=100_000_000,
        output_tokens=500_000_000,
        credits=Decimal("123456.789"),
        elapsed_seconds=5000.0,
        state=BatchState.RUNNING,
    )
    return progress._replace(**changes)


def a_view(name: str | None = None, **changes: Any) -> BatchView:
    return BatchView(SimpleNamespace(progress=a_progress(**changes)), name)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [80, 120])
def test_the_bar_of_a_large_batch_fits(width: int) -> None:
    bar, sums, *_ = (line.rstrip() for line in shown(a_view(), width))
    assert bar.endswith(" 500,000 of 1,000,000 · 100.0 a second · 1 h 23 min left")
    assert sums.startswith("1 h 23 min · 50 running · 600,000,000 tokens · 123,456.79 credits")


@pytest.mark.parametrize(("completed", "full"), [(0, 0), (50_000, 1), (500_000, 10), (1_000_000, 20)])
def test_the_bar_grows_with_the_rows_at_80_columns(completed: int, full: int) -> None:
    bar, *_ = shown(a_view(completed=completed, failed=0, credits=Decimal(0)), 80)
    assert bar.count("━") == full


def test_no_line_of_the_bar_wraps_whatever_there_is_to_say() -> None:
    long = "why it is paused and what to do about that " * 5
    lines = shown(a_view("spring " * 20, budget=Decimal(200_000), skipped=30_000, reason=long), 80)
    assert len(lines) == 4
    assert lines[1].rstrip().endswith(" · 123,456.79 of 200,000 credits")


def test_the_bar_names_the_batch_and_what_went_wrong() -> None:
    *_, troubles = shown(a_view("spring", skipped=12), 80)
    assert troubles.rstrip() == "spring · 1,000 failed · 20,000 retried · 12 skipped"


def test_a_batch_that_is_not_running_yet_says_what_it_does() -> None:
    assert [line.rstrip() for line in shown(a_view(state=BatchState.OPEN), 80)] == ["1,000,000 rows, being made ready"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "500,000 of 1,000,000 rows · 1,000 failed · 123,456.79 credits · 1 h 23 min left"),
        (
            {"failed": 0, "skipped": 1000},
            "500,000 of 1,000,000 rows · 1,000 skipped · 123,456.79 credits · 1 h 23 min left",
        ),
        ({"completed": 999_000}, "1,000,000 of 1,000,000 rows · 1,000 failed · 123,456.79 credits"),
        ({"total": 0, "completed": 0, "failed": 0, "credits": Decimal(0)}, "0 of 0 rows · 0.00 credits"),
    ],
)
def test_a_log_is_told_in_one_line(changes: dict[str, Any], line: str) -> None:
    assert progress_line(a_progress(**changes)) == line


@pytest.mark.parametrize(("age", "text"), [({"seconds": 0.4}, "0s"), ({"minutes": 90}, "1h"), ({"days": 20}, "2w")])
def test_an_age_is_told_in_its_largest_unit(age: dict[str, float], text: str) -> None:
    assert age_text(timedelta(**age)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.1, "9.1 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (4800, "1 h 20 min")],
)
def test_times_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


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
