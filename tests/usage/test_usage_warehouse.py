"""The monthly questions in the SQL of a warehouse: the same answers as in the store, to the last digit."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import get_args
from uuid import UUID

import pytest
import sqlglot

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.checking.jobs import reconcile_jobs
from aijobs_sdk.usage.report.groups import month_table
from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.warehouse.dialects import Dialect, Question, sql_for
from usage.usage_entries import entries
from usage.usage_rows import usage_row
from usage.warehouses import Answer, Warehouse, add_jobs, add_usage, opened, plain

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
QUESTIONS: tuple[Question, ...] = get_args(Question)


def spread_rows(count: int) -> list[UsageRow]:
    """Rows of three months, two tenants and three models, no two with the same amounts; row n names job n."""
    draw = random.Random(7)
    return [
        usage_row(
            number,
            tenant_id=UUID(int=draw.randrange(2)),
            model=draw.choice(["gpt-5.2", "claude-sonnet-4.5", "gemini-3-flash"]),
            input_tokens=draw.randrange(100_000),
            output_tokens=draw.randrange(3_000),
            credits_used=Decimal(draw.randrange(1, 10**9)).scaleb(-6),
            metadata={"job_id": f"j{number}"},
            month_year=draw.choice(["2025-12", "2026-01", "2026-01", "2026-02"]),
            created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(86_400 * 31)),
        )
        for number in range(1, count + 1)
    ]


ROWS = spread_rows(300)
OF_JANUARY = [row for row in ROWS if row.month_year == "2026-01"]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each warehouse, one after the other."""
    chosen: Dialect = request.param
    return chosen


@pytest.fixture
def warehouse(dialect: Dialect, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """A warehouse without rows."""
    url: str = request.getfixturevalue("postgres_url") if dialect == "postgres" else ""
    with opened(dialect, url) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsageStore]:
    """A store of the same rows."""
    store = UsageStore(tmp_path_factory.mktemp("store") / "usage.duckdb")
    entries(store, ROWS)
    yield store
    store.close()


def filled(warehouse: Warehouse, dialect: Dialect, rows: Sequence[UsageRow]) -> Warehouse:
    """Load rows, some of them again, and keep each once, as docs/usage_at_scale.md says."""
    add_usage(warehouse, [*rows, *rows[::3], *rows[::7]])
    select = sql_for("once", dialect)
    engine = "ENGINE = MergeTree ORDER BY id" if dialect == "clickhouse" else ""
    warehouse.run(f"CREATE TABLE query_usage_once {engine} AS {select}")
    return warehouse


def test_each_id_counts_once(warehouse: Warehouse, dialect: Dialect) -> None:
    add_usage(warehouse, [*ROWS, *ROWS[::3], *ROWS[::7]])
    assert sorted(row[0] for row in warehouse.ask(sql_for("once", dialect))) == [str(row.id) for row in ROWS]


def test_of_an_id_that_says_several_things_the_earliest_row_counts_and_it_is_listed(
    warehouse: Warehouse, dialect: Dialect
) -> None:
    later = ROWS[4].model_copy(update={"created_at": datetime(2026, 3, 1, tzinfo=UTC), "credits_used": Decimal(0)})
    add_usage(warehouse, [later, *ROWS, ROWS[0]])
    assert warehouse.ask(sql_for("conflicts", dialect)) == [(str(ROWS[4].id), Decimal(2))]
    counted = {row[0]: row[8] for row in warehouse.ask(sql_for("once", dialect))}
    assert counted[str(ROWS[4].id)] == ROWS[4].credits_used


@pytest.mark.parametrize("by", [("tenant_id", "model"), ("day",), ("month_year",)], ids=str)
def test_a_month_adds_up_as_in_the_store(
    warehouse: Warehouse, dialect: Dialect, store: UsageStore, by: tuple[str, ...]
) -> None:
    answer = filled(warehouse, dialect, ROWS).ask(sql_for("monthly", dialect, month="2026-01", by=by))
    expected = month_table(store, "2026-01", by).cells
    assert [(*map(str, row[: len(by)]), *row[len(by) : -2]) for row in answer] == plain([row[:-1] for row in expected])


def test_the_p95_is_exact(warehouse: Warehouse, dialect: Dialect) -> None:
    answer = filled(warehouse, dialect, ROWS).ask(sql_for("monthly", dialect, month="2026-01", by="model"))
    found = {str(row[0]): (Fraction(row[-2]), Fraction(row[-1])) for row in answer}
    assert found == {model: (p95(model, "input_tokens"), p95(model, "output_tokens")) for model in found}
    assert len(found) == 3


def p95(model: str, measure: str) -> Fraction:
    """The textbook's, over exact numbers."""
    values = [Fraction(getattr(row, measure)) for row in OF_JANUARY if row.model == model]
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def test_the_p95_of_one_row_is_that_row(warehouse: Warehouse, dialect: Dialect) -> None:
    one = filled(warehouse, dialect, [usage_row(input_tokens=10**12)])
    answer = one.ask(sql_for("monthly", dialect, month="2026-01", by="model"))
    assert [row[-2:] for row in answer] == [(Decimal(10**12), Decimal(45))]


def credits_of(*numbers: int) -> Decimal:
    return sum((ROWS[number - 1].credits_used for number in numbers), Decimal(0))


JOBS_OF_JANUARY = sorted(int(row.id) for row in OF_JANUARY)
FAILED, CANCELLED, UNKNOWN, DEARER, NO_AMOUNT = JOBS_OF_JANUARY[:5]


def jobs() -> list[tuple[str, str, int, str | None]]:
    """The jobs of January's rows: one failed, one was cancelled, one is unknown, one says another amount.

    One says none, and one has no row.
    """
    others = [(f"j{number}", "completed", 1, str(credits_of(number))) for number in JOBS_OF_JANUARY[5:]]
    return [
        (f"j{FAILED}", "failed", 3, None),
        (f"j{CANCELLED}", "cancelled", 2, None),
        (f"j{DEARER}", "completed", 1, str(credits_of(DEARER) + Decimal("0.000001"))),
        (f"j{NO_AMOUNT}", "completed", 1, None),
        ("j-without-row", "completed", 2, "1.5"),
        *others,
    ]


def test_waste_is_what_was_billed_for_nothing(warehouse: Warehouse, dialect: Dialect) -> None:
    add_jobs(filled(warehouse, dialect, ROWS), jobs())
    total = credits_of(*JOBS_OF_JANUARY)
    assert warehouse.ask(sql_for("waste", dialect, month="2026-01")) == [
        (total, credits_of(FAILED, CANCELLED), credits_of(UNKNOWN), Decimal(1), Decimal(1), Decimal(4))
    ]


def differences() -> Answer:
    more = Decimal("0.000001")
    return [
        (f"j{FAILED}", "usage_without_job", Decimal(0), credits_of(FAILED)),
        (f"j{CANCELLED}", "usage_without_job", Decimal(0), credits_of(CANCELLED)),
        (f"j{UNKNOWN}", "usage_without_job", Decimal(0), credits_of(UNKNOWN)),
        (f"j{DEARER}", "amount_differs", credits_of(DEARER) + more, credits_of(DEARER)),
        (f"j{NO_AMOUNT}", "usage_without_job", Decimal(0), credits_of(NO_AMOUNT)),
        ("j-without-row", "job_without_usage", Decimal("1.5"), Decimal(0)),
    ]


def test_jobs_that_do_not_agree_with_usage_are_listed(warehouse: Warehouse, dialect: Dialect) -> None:
    add_jobs(filled(warehouse, dialect, ROWS), jobs())
    found = warehouse.ask(sql_for("reconcile", dialect, month="2026-01"))
    assert sorted(found, key=str) == sorted(differences(), key=str)


def test_the_store_lists_the_same_jobs(store: UsageStore) -> None:
    with store.writing() as database:
        columns = "(job_id, status, attempts, credits_used, tenant_id, user_id, type, created_at, completed_at)"
        values = "(?, ?, ?, ?, '', '', '', TIMESTAMP '2026-01-31', TIMESTAMP '2026-01-31 23:59:59.999999')"
        database.executemany(f"INSERT INTO job {columns} VALUES {values}", jobs())
    found = reconcile_jobs(store, "2026-01")
    assert found is not None
    assert {(one.job_id, one.verdict) for one in found.differences} == {row[:2] for row in differences()}


def test_a_job_with_two_rows_is_listed(warehouse: Warehouse, dialect: Dialect) -> None:
    twice = [usage_row(1, metadata={"job_id": "j1"}), usage_row(2, metadata={"job_id": "j1"})]
    add_jobs(filled(warehouse, dialect, twice), [("j1", "completed", 1, "3.0")])
    found = warehouse.ask(sql_for("reconcile", dialect, month="2026-01"))
    assert found == [("j1", "repeated_usage", Decimal(3), Decimal(3))]


def test_a_batch_of_a_vendors_own_has_a_row_for_each_of_its_requests(warehouse: Warehouse, dialect: Dialect) -> None:
    said = {"job_id": "j1", "economy": True}
    add_jobs(
        filled(warehouse, dialect, [usage_row(number, metadata=said) for number in (1, 2)]),
        [("j1", "completed", 1, None)],
    )
    assert warehouse.ask(sql_for("reconcile", dialect, month="2026-01")) == []


def test_rows_that_name_no_job_are_one_line(warehouse: Warehouse, dialect: Dialect) -> None:
    add_jobs(
        filled(warehouse, dialect, [usage_row(1, metadata={}), usage_row(2, metadata={})]), [("j1", "failed", 1, None)]
    )
    found = warehouse.ask(sql_for("reconcile", dialect, month="2026-01"))
    assert found == [("", "usage_without_job", Decimal(0), Decimal(3))]
    assert [row[2] for row in warehouse.ask(sql_for("waste", dialect, month="2026-01"))] == [Decimal(3)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_one_select_of_its_dialect(dialect: Dialect, question: Question) -> None:
    parsed = sqlglot.parse(
        sql_for(question, dialect, month="2026-01"), read=dialect, error_level=sqlglot.ErrorLevel.RAISE
    )
    assert [type(one).__name__ for one in parsed] == ["Select"]


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        ("duckdb", ["coalesce(metadata ->> '$.job_id', '')", "AS DECIMAL(38, 6))", "CAST(job_id AS VARCHAR)"]),
        ("postgres", ["coalesce(CAST(metadata AS json) ->> 'job_id', '')", "AS DECIMAL(38, 6))"]),
        ("clickhouse", ["coalesce(JSONExtractString(metadata, 'job_id'), '')", "CAST(job_id AS String)"]),
        ("bigquery", ["coalesce(JSON_VALUE(metadata, '$.job_id'), '')", "AS NUMERIC)", "CAST(job_id AS STRING)"]),
        ("spark", ["coalesce(get_json_object(metadata, '$.job_id'), '')", "AS DECIMAL(38, 6))"]),
        ("snowflake", ["coalesce(json_extract_path_text(metadata, 'job_id'), '')", "AS DECIMAL(38, 6))"]),
    ],
    ids=DIALECTS,
)
def test_each_warehouse_is_spoken_to_in_its_own_words(dialect: Dialect, words: list[str]) -> None:
    text = sql_for("reconcile", dialect, month="2026-01")
    assert [word for word in words if word not in text] == []
    assert "TIMESTAMP '2026-01-01 00:00:00'" in text


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("question", {"question": "montly"}),
        ("dialect", {"dialect": "oracle"}),
        ("month", {}),
        ("month", {"month": "2026-01' OR '1' = '1"}),
        ("by", {"month": "2026-01", "by": "metadata"}),
        ("by", {"month": "2026-01", "by": ()}),
        ("by", {"month": "2026-01", "by": None}),
        ("by", {"month": "2026-01", "by": [["model"]]}),
        ("question", {"question": None}),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(field: str, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{field}`"):
        sql_for(**{"question": "monthly", "dialect": "postgres", **arguments})  # type: ignore[arg-type]
