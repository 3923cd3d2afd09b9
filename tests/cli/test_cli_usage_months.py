"""`aijobs usage close`, `verify`, `correct`, `reconcile`, `export` …: months are settled, checked and put right."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from click.testing import CliRunner, Result

import aijobs_sdk
from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.usage.exports.jobs import export_jobs
from usage.usage_rows import csv_text, text_row, write

STORE = ["--store", "usage.duckdb"]
MONTH = "2026-01"


@pytest.fixture(autouse=True)
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A store with two rows of January, and a way to read more into it."""
    monkeypatch.chdir(tmp_path)

    def ingest(name: str, *rows: dict[str, str]) -> None:
        write(tmp_path, f"{name}.csv", csv_text(rows))
        assert usage("ingest", f"{name}.csv").exit_code == 0

    ingest("first", text_row(1), text_row(2))
    return ingest


def usage(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["usage", *arguments, *STORE])


def totals(month: str) -> tuple[int, str]:
    said = json.loads(usage("report", "--month", month, "--json").stdout)["totals"]
    return said["rows"], said["credits"]


def test_a_closed_month_stays_and_late_rows_are_billed_in_the_next(ingest: Callable[..., None]) -> None:
    closed = usage("close", MONTH)
    ingest("late", text_row(3))
    assert closed.stdout.startswith("2026-01 closed, version 1: 2 rows, 3.000000 credits, digest ")
    assert (totals(MONTH), totals("2026-02")) == ((2, "3.000000"), (1, "1.500000"))
    assert usage("verify", MONTH).stdout.startswith("2026-01, version 1, is as it was closed: 2 rows")


def test_a_month_that_was_tampered_with_ends_with_exit_code_1() -> None:
    usage("close", MONTH)
    with duckdb.connect("usage.duckdb") as database:
        database.execute("UPDATE entry SET credits_used = 9 WHERE row = 1")
    result = usage("verify", MONTH)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "2026-01, version 1, is not as it was closed.")
    assert "  found now: 2 rows, 10.500000 credits" in result.stdout
    assert json.loads(usage("verify", MONTH, "--json").stdout)["matches"] is False


def test_a_month_that_is_reopened_takes_new_rows_and_the_record_tells_why(ingest: Callable[..., None]) -> None:
    usage("close", MONTH)
    usage("reopen", MONTH, "--reason", "an export was forgotten")
    ingest("late", text_row(3))
    acts = json.loads(usage("months", "--json").stdout)
    assert totals(MONTH) == (3, "4.500000")
    assert [(act["act"], act["reason"]) for act in acts] == [("closed", ""), ("reopened", "an export was forgotten")]
    assert "2026-01 reopened, after version 1. Reason: an export was forgotten\n" in usage("months").stdout


def test_what_a_reason_would_do_to_a_terminal_is_shown_instead() -> None:
    usage("close", MONTH, "--reason", "so\x1b[2Jit\nis")
    assert usage("months").stdout.endswith(" Reason: so\\x1b[2Jit\\nis\n")


def test_a_row_that_contradicts_is_accepted_with_a_reason(ingest: Callable[..., None]) -> None:
    ingest("other", text_row(1, credits_used="1.000000"))
    before = totals(MONTH)
    result = usage("correct", "--reason", "billed twice", "--id", str(UUID(int=1)))
    assert result.stdout == "1 correction, -0.500000 credits, borne by 2026-01.\n"
    assert (before, totals(MONTH)) == ((2, "3.000000"), (2, "2.500000"))


def test_usage_is_held_against_exported_jobs() -> None:
    with aijobs_sdk.mock(seed=7), aijobs_sdk.Client() as client:
        jobs = [client.submit("Hello", model="gpt-5.2") for _ in range(3)]
        aijobs_sdk.wait(jobs)
        aijobs_sdk.export_usage(client.usage(MONTH), "usage")
        export_jobs([job.job for job in jobs], "jobs")
    store = ["--store", "jobs.duckdb"]
    CliRunner().invoke(aijobs, ["usage", "ingest", "usage", *store])
    result = CliRunner().invoke(aijobs, ["usage", "reconcile", MONTH, "--jobs", "jobs", *store])
    assert (result.exit_code, result.stdout[:14]) == (0, "Jobs: 3 agree,")


def test_a_difference_ends_with_exit_code_1() -> None:
    with aijobs_sdk.mock(seed=7), aijobs_sdk.Client() as client:
        job = client.submit("Hello", model="gpt-5.2").wait()
        export_jobs([job], "jobs")
    result = usage("reconcile", MONTH, "--jobs", "jobs", "--json")
    found = json.loads(result.stdout)["jobs"]
    assert result.exit_code == 1
    assert (found["jobs_without_usage"], found["usage_without_job"]) == (1, 1)


def test_a_provider_is_held_to_its_invoice(tmp_path: Path) -> None:
    write(tmp_path, "invoice.csv", "date,model,amount\n2026-01-22,gpt-5.2,5.00\n")
    result = usage("reconcile", MONTH, "--invoice", "invoice.csv", "--provider", "openai", "--tolerance", "0.01")
    assert result.exit_code == 1
    assert "Invoice of openai: 0 models agree. 5.00 USD invoiced" in result.stdout


def test_a_months_bill_is_written_in_the_form_of_finance_tools() -> None:
    usage("close", MONTH)
    result = usage("export", MONTH, "--focus", "january.csv", "--issuer", "Acme", "--credit-price", "0.02")
    with Path("january.csv").open(newline="") as file:
        billed = sum(Decimal(row["BilledCost"]) for row in csv.DictReader(file))
    assert (result.exit_code, result.stdout, billed) == (0, "january.csv\n", Decimal("0.06"))


def test_closed_months_are_written_into_a_lake() -> None:
    usage("close", MONTH)
    result = usage("export", "--lake", "lake")
    assert result.stdout.startswith("2026-01: 2 rows, 3.000000 credits in ")
    assert list(Path("lake").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["close", "2026-13"], "`month` must be a month such as 2026-01"),
        (["close", "2999-01"], "2999-01 is not over"),
        (["verify", MONTH], "2026-01 is not closed"),
        (["reopen", MONTH], "Missing option '--reason'"),
        (["reopen", MONTH, "--reason", "why"], "2026-01 is not closed"),
        (["correct", "--reason", " "], "`reason` must say why"),
        (["correct", "--reason", "why", "--id", "x"], "'x' is not a valid UUID"),
        (["reconcile", MONTH], "The store knows of no jobs: give --jobs with files of `aijobs export jobs`."),
        (["reconcile", MONTH, "--provider", "openai"], "--invoice and --provider go together."),
        (["reconcile", MONTH, "--jobs", "missing"], "missing"),
        (["reconcile", MONTH, "--tolerance", "much"], "It must be a decimal number such as 0.01."),
        (["reconcile", MONTH, "--tolerance", "nan"], "It must be a decimal number such as 0.01."),
        (
            ["export", MONTH, "--focus", "f.csv", "--issuer", "A", "--credit-price", "inf"],
            "It must be a decimal number",
        ),
        (["export"], "Say which: --focus FILE or --lake PLACE."),
        (["export", "--focus", "f.csv", "--issuer", "Acme"], "--focus needs a MONTH"),
        (["export", MONTH, "--focus", "f.csv"], "--focus needs a MONTH, and an --issuer"),
        (["export", "january", "--lake", "lake"], "`month` must be a month such as 2026-01"),
    ],
)
def test_bad_input_is_named(arguments: list[str], message: str) -> None:
    result = usage(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments", [["close", MONTH], ["verify", MONTH], ["months"], ["reconcile", MONTH], ["export", "--lake", "lake"]]
)
def test_a_slip_of_the_pen_makes_no_store(arguments: list[str]) -> None:
    result = CliRunner().invoke(aijobs, ["usage", *arguments, "--store", "usgae.duckdb"])
    assert (result.exit_code, Path("usgae.duckdb").exists()) == (2, False)
    assert "There is no store usgae.duckdb." in result.stderr
