"""`aijobs batch` from a file to a file, with its usage and its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.batch.reading.rows import open_rows
from aijobs_sdk.batch.row import ALL_COLUMNS, FIXED_COLUMNS
from aijobs_sdk.cli import batch_progress
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.notebook.surfaces.lines import LinesSurface


@pytest.fixture(autouse=True)
def sim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[aijobs_sdk.Mock]:
    """A simulated world, and a working folder with a file of rows in it."""
    monkeypatch.chdir(tmp_path)
    rows = [{"q": f"Question {number}?", "model": "gpt-5.2"} for number in range(20)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with aijobs_sdk.mock() as world:
        yield world


def batch(*arguments: str, out: str = "out.jsonl") -> Result:
    command = ["batch", "rows.jsonl", "--prompt", "{q}", "--model", "gpt-5.2", "--out", out, *arguments]
    return CliRunner().invoke(aijobs, command)


def rows_of(path: str) -> list[Mapping[str, Any]]:
    return list(open_rows(path))


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_every_row_is_written_with_the_columns_promised(ending: str) -> None:
    result = batch(out=f"out.{ending}")
    rows = rows_of(f"out.{ending}")
    assert (result.exit_code, len(rows)) == (0, 20)
    assert list(rows[0]) == ["q", "input_model", *FIXED_COLUMNS]


def test_all_columns_are_written_where_they_are_asked_for() -> None:
    batch("--all-columns")
    assert list(rows_of("out.jsonl")[0]) == ["q", "input_model", *ALL_COLUMNS]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_neither_a_log_nor_a_program_is_told_of_what_is_over_at_once(options: tuple[str, ...]) -> None:
    assert batch(*options).stderr == ""


def test_a_log_is_told_now_and_then_how_far_it_is_and_a_program_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_progress, "LinesSurface", partial(LinesSurface, clock=count(0, 60).__next__))
    *_, last = batch().stderr.splitlines()
    assert last.startswith("Batch: 20 of 20 rows, finished, ")
    assert batch("--json").stderr == ""


def test_the_summary_is_for_a_person() -> None:
    summary = batch().stdout.splitlines()
    assert summary[0].startswith("20 of 20 rows completed, 0 failed, 0 retries")
    assert summary[-1] == "Rows: out.jsonl"


def test_json_is_for_a_program() -> None:
    summary = json.loads(batch("--json", "--usage-dir", "usage").stdout)
    assert (summary["rows"], summary["completed"], summary["failed"], summary["out"]) == (20, 20, 0, "out.jsonl")
    assert Decimal(summary["credits"]) == sum(Decimal(str(row["credits"])) for row in rows_of("out.jsonl"))
    assert [Path(path).parent.name for path in summary["usage_files"]] == ["usage"]


def test_failed_rows_are_written_and_end_with_exit_code_1(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 3?").do(aijobs_sdk.fail("content_filter"))
    result = batch()
    rows = rows_of("out.jsonl")
    assert (result.exit_code, len(rows)) == (1, 20)
    assert [row["status"] for row in rows].count("failed") == 1
    assert "1 x content_filtered, first in row 4: " in result.stdout


def test_the_usage_exported_is_what_the_rows_say() -> None:
    batch("--usage-dir", "deep/usage")
    report = CliRunner().invoke(aijobs, ["usage", "report", "deep", "--month", "2026-01", "--json"])
    totals = json.loads(report.stdout)["totals"]
    assert totals["rows"] == 20
    assert Decimal(totals["credits"]) == sum(Decimal(str(row["credits"])) for row in rows_of("out.jsonl"))


def test_concurrency_changes_nothing_in_the_file() -> None:
    batch("--concurrency", "1", out="one.csv")
    batch("--concurrency", "50", out="fifty.csv")
    assert Path("one.csv").read_bytes() == Path("fifty.csv").read_bytes()


def test_an_old_output_is_replaced() -> None:
    Path("out.jsonl").write_text("old")
    batch()
    assert len(rows_of("out.jsonl")) == 20


def test_the_report_for_a_person_names_its_columns() -> None:
    batch("--usage-dir", "usage")
    report = CliRunner().invoke(aijobs, ["usage", "report", "usage", "--month", "2026-01", "--by", "model, provider"])
    assert report.exit_code == 0
    assert report.stdout.startswith("Usage in 2026-01: open\n")
    assert "\nmodel    provider  rows" in report.stdout


def test_each_row_is_asked_of_every_model() -> None:
    batch("--model", "claude-sonnet-4.5")
    rows = rows_of("out.jsonl")
    assert [row["model"] for row in rows] == ["gpt-5.2", "claude-sonnet-4.5"] * 20


def test_several_prompts_are_a_conversation(sim: aijobs_sdk.Mock) -> None:
    assert batch("--prompt", "And in one word?").exit_code == 0
    assert len(rows_of("out.jsonl")) == 20
    assert len(sim.calls) == 40


def test_what_a_row_is_asked_with_reaches_the_model(sim: aijobs_sdk.Mock) -> None:
    batch("--system", "Be brief.", "--max-tokens", "30", "--temperature", "0.5")
    rows = rows_of("out.jsonl")
    assert max(row["output_tokens"] for row in rows) == 30


def test_rows_with_empty_cells_are_skipped_and_no_failure() -> None:
    Path("rows.jsonl").write_text('{"q": "Hi"}\n{"q": null}\n')
    result = batch("--on-null", "skip")
    assert (result.exit_code, [row["status"] for row in rows_of("out.jsonl")]) == (0, ["completed", "skipped"])
    assert "1 of 2 rows completed, 0 failed, 1 skipped, " in result.stdout


def test_the_first_failure_stops_a_batch_that_is_to_fail_fast(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 3?").do(aijobs_sdk.fail("content_filter"))
    result = batch("--fail-fast", "--concurrency", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Row 4 (index 3) failed: " in result.stderr
    assert not Path("out.jsonl").exists()


def test_a_batch_that_stops_early_writes_nothing_and_says_what_would_go_on() -> None:
    result = batch("--budget", "5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "The budget of 5 credits is used up" in result.stderr
    assert result.stderr.endswith("With a --name, and a --url that lasts, it could go on.\n")
    assert not Path("out.jsonl").exists()


@pytest.mark.parametrize(("rows", "is_told"), [(1000, False), (1001, True)])
def test_the_price_of_a_large_batch_is_told_before_it_runs(rows: int, is_told: bool) -> None:
    Path("rows.jsonl").write_text("".join(f'{{"q": {number}}}\n' for number in range(rows)))
    result = batch("--max-tokens", "1", "--profile", "instant")
    assert (f"Estimate: {rows:,} of {rows:,} rows to send" in result.stderr) is is_told


def test_the_price_of_a_dear_batch_is_told_before_it_runs() -> None:
    Path("rows.jsonl").write_text("".join(f'{{"q": {number}}}\n' for number in range(150)))
    assert batch("--profile", "instant").stderr.startswith("Estimate: 150 of 150 rows to send")


def test_a_name_that_no_batch_can_have_is_refused_as_any_option() -> None:
    result = batch("--name", "")
    assert (result.exit_code, "`name` should be a text of 1 to 200 characters" in result.stderr) == (2, True)
