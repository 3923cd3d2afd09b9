"""`aijobs export`: usage rows and jobs, from a database to files."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs

URL = "sqlite:///jobs.db"


@pytest.fixture(autouse=True)
def credits_billed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decimal:
    """A database in which three jobs completed and one failed, in January 2026; what they were billed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIJOBS_URL", URL)
    with aijobs_sdk.mock(seed=7) as sim, aijobs_sdk.Client() as client:
        sim.on(prompt="never").do(aijobs_sdk.fail("content_filter"))
        jobs = [client.submit(prompt, model="gpt-5.2") for prompt in ("one", "two", "three", "never")]
        aijobs_sdk.wait(jobs)
        return sum((row.credits_used for row in client.usage("2026-01")), Decimal(0))


def export(what: str, *options: str) -> Result:
    return CliRunner().invoke(aijobs, ["export", what, "--out", "out", *options])


def exported(*options: str) -> list[Path]:
    result = export("usage", "--json", *options)
    assert result.exit_code == 0, result.output
    return [Path(path) for path in json.loads(result.stdout)["files"]]


def test_this_month_is_that_of_the_clock_of_the_jobs() -> None:
    with aijobs_sdk.mock():
        said = json.loads(export("usage", "--json").stdout)
    assert (said["since"], said["rows"]) == ("2026-01-01T00:00:00+00:00", 3)


def test_a_month_of_usage_is_exported_as_parquet_under_the_months_name(credits_billed: Decimal) -> None:
    [path] = exported("--month", "2026-01")
    assert path.parent == Path("out/month=2026-01")
    with duckdb.connect() as reader:
        [(billed,)] = reader.execute("SELECT sum(credits_used) FROM read_parquet(?)", [str(path)]).fetchall()
    assert billed == credits_billed


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_what_is_exported_is_what_the_report_bills(credits_billed: Decimal, file_format: str) -> None:
    exported("--month", "2026-01", "--format", file_format)
    report = CliRunner().invoke(aijobs, ["usage", "report", "out", "--month", "2026-01", "--json"])
    totals = json.loads(report.stdout)["totals"]
    assert (totals["rows"], Decimal(totals["credits"])) == (3, credits_billed)


@pytest.mark.parametrize(("since", "until", "rows"), [("2026-01-01", "2026-02-01", 3), ("2025-12-01", "2026-01-01", 0)])
def test_a_span_of_time_is_exported_without_its_end(since: str, until: str, rows: int) -> None:
    said = json.loads(export("usage", "--since", since, "--until", until, "--format", "jsonl", "--json").stdout)
    assert (said["rows"], len(said["files"])) == (rows, min(rows, 1))
    assert (said["since"], said["until"]) == (f"{since}T00:00:00+00:00", f"{until}T00:00:00+00:00")


def test_a_person_reads_how_many_rows_are_in_which_files() -> None:
    first, path = export("usage", "--month", "2026-01", "--format", "csv").stdout.splitlines()
    assert first == "3 usage rows from 2026-01-01 to 2026-02-01 UTC"
    assert Path(path).read_text().count("\n") == 4


def test_a_year_is_told_with_four_digits() -> None:
    first, *_ = export("usage", "--month", "0001-01", "--format", "csv").stdout.splitlines()
    assert first == "0 usage rows from 0001-01-01 to 0001-02-01 UTC"


@pytest.mark.parametrize(
    ("since", "told"), [("2026-01-01T08:30Z", "2026-01-01 08:30"), ("2026-01-01T08:30:05.5Z", "2026-01-01 08:30:05")]
)
def test_an_instant_is_told_as_short_as_it_can_be(since: str, told: str) -> None:
    first, *_ = export("usage", "--since", since, "--until", "2026-02-01", "--format", "csv").stdout.splitlines()
    assert f" from {told} to 2026-02-01 UTC" in first


def test_jobs_are_exported_with_how_they_ended() -> None:
    said = json.loads(export("jobs", "--month", "2026-01", "--format", "jsonl", "--json").stdout)
    records = [json.loads(line) for line in Path(said["files"][0]).read_text().splitlines()]
    assert (said["rows"], sorted(one["status"] for one in records)) == (4, ["completed"] * 3 + ["failed"])


def test_jobs_of_another_month_are_left_out() -> None:
    assert json.loads(export("jobs", "--month", "2025-12", "--json").stdout)["rows"] == 0


@pytest.mark.parametrize("what", ["usage", "jobs"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--month", "2026-13"], "`month` must be a month such as 2026-01"),
        (["--month", "2026-01", "--since", "2026-01-01"], "`month` cannot be combined with `since` or `until`"),
        (["--since", "2026-02-30"], "`since` must be a day such as 2026-01-31"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "`since` must be before `until`"),
        (["--until", "2026-01-01"], "`since` is required where there is `until`"),
        (["--month", "2026-01", "--format", "xml"], "'xml' is not one of 'csv', 'jsonl', 'parquet'"),
        (["--month", "2026-01", "--out", "jobs.db"], "jobs.db cannot be used as a folder"),
        (["--month", "2026-01", "--url", "memory://"], "Jobs in `memory://` are known to their own process alone"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_is_written(
    what: str, options: list[str], message: str, tmp_path: Path
) -> None:
    result = export(what, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
