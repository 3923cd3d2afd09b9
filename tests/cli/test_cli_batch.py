"""`aijobs batch` from a file to a file, with its usage and its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.batch.row import OUTPUT_COLUMNS
from aijobs_sdk.batch.rows import read_rows
from aijobs_sdk.cli.commands import aijobs


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


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_every_row_is_written_with_the_columns_promised(ending: str) -> None:
    result = batch(out=f"out.{ending}")
    rows = read_rows(f"out.{ending}")
    assert (result.exit_code, result.stderr, len(rows)) == (0, "", 20)
    assert list(rows[0]) == ["q", "input_model", *OUTPUT_COLUMNS]


def test_the_summary_is_for_a_person() -> None:
    summary = batch().stdout.splitlines()
    assert summary[0].startswith("20 of 20 rows completed, 0 failed, 0 retries")
    assert summary[-1] == "Rows: out.jsonl"


def test_json_is_for_a_program() -> None:
    summary = json.loads(batch("--json", "--usage-dir", "usage").stdout)
    assert (summary["rows"], summary["completed"], summary["failed"], summary["out"]) == (20, 20, 0, "out.jsonl")
    assert Decimal(summary["credits"]) == sum(Decimal(str(row["credits"])) for row in read_rows("out.jsonl"))
    assert [Path(path).parent.name for path in summary["usage_files"]] == ["usage"]


def test_failed_rows_are_written_and_end_with_exit_code_1(sim: aijobs_sdk.Mock) -> None:
    sim.on(prompt="Question 3?").do(aijobs_sdk.fail("content_filter"))
    result = batch()
    rows = read_rows("out.jsonl")
    assert (result.exit_code, len(rows)) == (1, 20)
    assert [row["status"] for row in rows].count("failed") == 1
    assert "1 x content_filtered, first in row 4: " in result.stdout


def test_the_usage_exported_is_what_the_rows_say() -> None:
    batch("--usage-dir", "deep/usage")
    report = CliRunner().invoke(aijobs, ["usage", "report", "deep", "--month", "2026-01", "--json"])
    totals = json.loads(report.stdout)["totals"]
    assert totals["rows"] == 20
    assert Decimal(totals["credits"]) == sum(Decimal(str(row["credits"])) for row in read_rows("out.jsonl"))


def test_concurrency_changes_nothing_in_the_file() -> None:
    batch("--concurrency", "1", out="one.csv")
    batch("--concurrency", "50", out="fifty.csv")
    assert Path("one.csv").read_bytes() == Path("fifty.csv").read_bytes()


def test_an_old_output_is_replaced() -> None:
    Path("out.jsonl").write_text("old")
    batch()
    assert len(read_rows("out.jsonl")) == 20


def test_the_report_for_a_person_names_its_columns() -> None:
    batch("--usage-dir", "usage")
    report = CliRunner().invoke(aijobs, ["usage", "report", "usage", "--month", "2026-01", "--by", "model, provider"])
    assert report.exit_code == 0
    assert report.stdout.startswith("Usage in 2026-01\n\nmodel    provider  rows")
