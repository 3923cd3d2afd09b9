"""`aijobs usage ingest`, `report` and `sql`: from exports to a store, a screen, a program and files."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from aijobs_sdk.cli.commands import aijobs
from aijobs_sdk.cli.usage_months import verification_text
from aijobs_sdk.cli.usage_progress import ingest_bar, progress_text
from aijobs_sdk.usage.closing.months import Verification
from aijobs_sdk.usage.closing.seal import Seal
from aijobs_sdk.usage.reading.outcome import IngestProgress
from usage.usage_rows import csv_text, text_row, write

MONTH = ["--month", "2026-01"]
STORE = ["--store", "usage.duckdb"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an export of two rows, of which one is there twice, and one that cannot be billed."""
    monkeypatch.chdir(tmp_path)
    exports = tmp_path / "exports"
    exports.mkdir()
    write(exports, "a.csv", csv_text([text_row(1), text_row(2, model="claude-sonnet-4.5", credits_used="0.000001")]))
    write(exports, "b.csv", csv_text([text_row(2, model="claude-sonnet-4.5", credits_used="0.000001")]))
    write(exports, "c.csv", csv_text([text_row(3, credits_used="-1")]))
    return tmp_path


def usage(*arguments: str) -> Result:
    return CliRunner().invoke(aijobs, ["usage", *arguments])


def test_an_ingest_tells_what_came_of_every_row() -> None:
    result = usage("ingest", "exports", *STORE)
    assert result.exit_code == 0
    assert result.stdout.startswith("3 files read: 4 rows, 2 kept, 1 duplicate, 1 set aside.\n")
    assert 'aijobs usage sql "FROM quarantine" --store usage.duckdb' in result.stdout
    assert result.stderr == ""


def test_a_command_that_is_told_can_be_copied_whatever_the_store_is_called() -> None:
    read = usage("ingest", "exports", "--store", "it's [all].duckdb").stdout
    refused = usage("months", "--store", "my books.duckdb").stderr
    assert read.endswith("""--store 'it'"'"'s [all].duckdb'\n""")
    assert "`aijobs usage ingest PATHS --store 'my books.duckdb'` makes one." in refused


def test_files_that_were_read_before_are_passed_over() -> None:
    usage("ingest", "exports", *STORE)
    assert "3 files passed over: read before.\n" in usage("ingest", "exports", *STORE).stdout


def test_an_ingest_for_a_program_is_json() -> None:
    said = json.loads(usage("ingest", "exports", *STORE, "--json").stdout)
    assert (said["rows_read"], said["kept"], said["duplicates"], said["quarantined"]) == (4, 2, 1, 1)


def test_a_report_from_exports_has_the_fixed_words() -> None:
    said = json.loads(usage("report", "exports", *MONTH, "--by", "model", "--json").stdout)
    assert said["month"] == "2026-01"
    assert said["totals"] == {"rows": 2, "credits": "1.500001", "input_tokens": 240, "output_tokens": 90}
    assert [(one["model"], one["credits"]) for one in said["groups"]] == [
        ("gpt-5.2", "1.500000"),
        ("claude-sonnet-4.5", "0.000001"),
    ]
    assert (said["duplicates"], said["quarantined"]) == (1, 1)


def test_a_report_from_a_store_is_that_from_the_exports_in_it() -> None:
    usage("ingest", "exports", *STORE)
    kept = json.loads(usage("report", *MONTH, *STORE, "--json").stdout)
    read = json.loads(usage("report", "exports", *MONTH, "--json").stdout)
    assert (kept["totals"], kept["groups"]) == (read["totals"], read["groups"])


def test_exports_named_beside_a_store_are_read_into_it() -> None:
    usage("report", "exports/a.csv", *MONTH, *STORE)
    assert json.loads(usage("report", *MONTH, *STORE, "--json").stdout)["totals"]["rows"] == 2


def test_a_report_is_written_in_every_form_asked_for() -> None:
    targets = ["--html", "page.html", "--excel", "book.xlsx", "--csv", "tables", "--parquet", "lake"]
    written = [Path(line) for line in usage("report", "exports", *MONTH, *targets).stdout.splitlines()]
    assert {Path("page.html"), Path("book.xlsx")} < set(written)
    assert {path.suffix for path in written} == {".html", ".xlsx", ".csv", ".parquet"}
    assert all(path.stat().st_size for path in written)


def test_a_question_is_answered_with_all_digits_as_csv() -> None:
    answer = usage("sql", "SELECT model, credits_used, user_id FROM usage ORDER BY credits_used", "exports", "--csv")
    assert list(csv.reader(io.StringIO(answer.stdout))) == [
        ["model", "credits_used", "user_id"],
        ["claude-sonnet-4.5", "0.000001", "u1"],
        ["gpt-5.2", "1.500000", "u1"],
    ]


def test_no_text_in_an_answer_as_csv_is_a_formula_to_a_spreadsheet() -> None:
    """Names come from others; amounts stay what they are, also those that the question made text of."""
    query = "SELECT '=HYPERLINK(1)' AS a, '\uff1d1' AS b, '-15.50' AS c, -15.50 AS d, '-v' AS e"
    _, row = csv.reader(io.StringIO(usage("sql", query, "exports", "--csv").stdout))
    assert row == ["'=HYPERLINK(1)", "'\uff1d1", "-15.50", "-15.50", "'-v"]


def test_a_question_is_answered_as_json_with_exact_amounts() -> None:
    query = "SELECT sum(credits_used) AS credits, count(*) AS rows, NULL AS none, [day] AS days, 0.5::DOUBLE AS half "
    query += "FROM usage GROUP BY day"
    [row] = json.loads(usage("sql", query, "exports", "--json").stdout)
    assert row == {"credits": "1.500001", "rows": 2, "none": None, "days": ["2026-01-22"], "half": 0.5}


def test_a_person_sees_a_table() -> None:
    head, _, *rows = usage("sql", "SELECT reason FROM quarantine", "exports").stdout.splitlines()
    assert (head, len(rows)) == ("reason", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ingest", "missing", *STORE], "missing does not exist"),
        (["ingest", "exports"], "Missing option '--store'"),
        (["ingest", "exports", "--store", "exports/a.csv"], "Name another file for the usage."),
        (["ingest", "exports", *STORE, "--timezone", "Mars"], "no known time zone"),
        (["report", *MONTH], "Say what to read: PATHS of exports, a --store, or both."),
        (
            ["report", *MONTH, *STORE],
            "There is no store usage.duckdb. `aijobs usage ingest PATHS --store usage.duckdb`",
        ),
        (["report", "exports", "--month", "2026-13"], "`month` must be a month such as 2026-01"),
        (["report", "exports", *MONTH, "--by", "colour"], "Usage cannot be divided by 'colour'."),
        (["report", "exports", *MONTH, "--html", "."], "File '.' is a directory."),
        (["report", "exports", *MONTH, "--excel", "exports"], "File 'exports' is a directory."),
        (["report", "exports", *MONTH, "--csv", "exports/a.csv"], "Directory 'exports/a.csv' is a file."),
        (["report", "exports", *MONTH, "--parquet", "exports/a.csv"], "Directory 'exports/a.csv' is a file."),
        (["sql", "SELECT 1"], "Say what to read"),
        (["sql", "SELECT 1", "exports", "--csv", "--json"], "--csv or --json, not both."),
        (["sql", "SELECT 1 AS a, 2 AS b, 3 AS a", "exports", "--json"], "More than one column is called 'a'."),
        (["sql", "DROP TABLE entry", "exports"], "sql() takes one SELECT"),
        (["sql", "SELECT wrong FROM usage", "exports"], "DuckDB cannot answer this query"),
    ],
)
def test_bad_input_is_named(arguments: list[str], message: str) -> None:
    result = usage(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_tells_how_far_a_reading_is_in_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = Screen()
    now = IngestProgress(files_done=3, files_total=1000, rows=30_000, bytes_done=5, bytes_total=10)
    with ingest_bar(Console(file=screen, width=80, _environ={"TERM": "xterm"})) as tell:
        assert tell is not None
        tell(now)
    with ingest_bar(Console(file=io.StringIO())) as told_in_a_log:
        assert told_in_a_log is None
    assert progress_text(now) == "3 of 1,000 files · 30,000 rows"
    assert progress_text(now) in screen.getvalue()


def test_what_there_is_one_of_is_told_as_one() -> None:
    alone = IngestProgress(files_done=1, files_total=None, rows=1, bytes_done=5, bytes_total=None)
    of_one = IngestProgress(files_done=0, files_total=1, rows=0, bytes_done=0, bytes_total=10)
    seal = Seal(rows=1, credits=Decimal("1.5"), digest="ab")
    found = Verification(month="2026-01", version=1, closed=seal, reported=seal, found=seal)
    assert progress_text(alone) == "1 file · 1 row"
    assert progress_text(of_one) == "0 of 1 file · 0 rows"
    assert verification_text(found).endswith("is as it was closed: 1 row, 1.5 credits, digest ab.")


def test_amounts_in_json_are_text_that_is_a_decimal() -> None:
    said = json.loads(usage("report", "exports", *MONTH, "--json").stdout)
    assert Decimal(said["totals"]["credits"]) == Decimal("1.500001")
