"""`usage.sql()` answers any question about the rows, and can do nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.usage import Usage
from usage.usage_rows import csv_text, text_row, write

SQL = Path(__file__).parents[2] / "aijobs_sdk" / "usage" / "sql"


@pytest.fixture
def usage(tmp_path: Path) -> Usage:
    return Usage(write(tmp_path, "a.csv", csv_text([text_row(1), text_row(2), text_row(3, id="x")])))


def test_a_select_over_the_three_tables_is_answered(usage: Usage) -> None:
    table = usage.sql("SELECT sum(credits_used) AS credits, (SELECT count(*) FROM quarantine) AS bad FROM usage")

    assert table.columns == ("credits", "bad")
    assert table.rows == [{"credits": Decimal("3.000000"), "bad": 1}]
    assert usage.sql("FROM source_file").rows[0]["rows_read"] == 3


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM entry",
        "SELECT 1; DELETE FROM entry",
        "WITH gone AS (DELETE FROM entry RETURNING *) SELECT * FROM gone",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "COPY entry TO 'stolen.csv'",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "EXPORT DATABASE 'stolen'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CHECKPOINT",
        "COMMIT",
        "SET enable_external_access = true",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('https://example.com/a.parquet')",
        "EXPLAIN ANALYZE DELETE FROM entry",
        "SELECT * FROM nowhere",
        "SELEC",
        "",
    ],
)
def test_anything_but_one_harmless_select_is_refused(usage: Usage, query: str) -> None:
    with pytest.raises(InvalidRequestError):
        usage.sql(query)

    assert usage.sql("SELECT count(*) FROM usage").cells == ((2,),)


def test_variables_of_the_program_are_no_tables(usage: Usage) -> None:
    frame = usage.monthly("2026-01").df()

    with pytest.raises(InvalidRequestError, match="frame"):
        usage.sql("SELECT * FROM frame")
    assert len(frame) == 1


def test_threads_may_ask_at_the_same_time(usage: Usage) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: usage.report("2026-01").totals.rows, range(20)))

    assert answers == [2] * 20


def test_usage_gives_its_memory_back_when_closed(usage: Usage) -> None:
    with usage:
        pass

    with pytest.raises(InvalidRequestError, match=r"(?i)clos"):
        usage.sql("SELECT 1")


@pytest.mark.parametrize(
    "name",
    sorted(str(path.relative_to(SQL).with_suffix("")) for path in SQL.rglob("*.sql")),
)
def test_every_statement_opens_with_the_question_it_answers(name: str) -> None:
    first_line = statement(name).splitlines()[0]

    assert first_line.startswith("-- ")
    assert "?" in first_line
