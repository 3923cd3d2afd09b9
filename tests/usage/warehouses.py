"""The warehouses that `sql_for` writes for, filled with the same rows.

DuckDB, PostgreSQL and ClickHouse are real. BigQuery, Spark and Snowflake cannot run here: what is written for them is
read by sqlglot as SQL of theirs, and runs in DuckDB in its words.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol

import duckdb
import psycopg
import sqlglot
from chdb.session import Session
from sqlglot import exp

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import USAGE_COLUMNS, export_values
from aijobs_sdk.usage.warehouse.dialects import Dialect

Answer = list[tuple[str | Decimal, ...]]

_TABLES = """
CREATE TABLE query_usage (
    id UUID, tenant_id {text}, user_id {text}, query_type {text}, model {text}, provider {text}, input_tokens BIGINT,
    output_tokens BIGINT, credits_used DECIMAL(18, 6), metadata {text}, month_year {text}, created_at {instant}
) {engine};
CREATE TABLE job (
    job_id {text}, status {text}, attempts INTEGER, credits_used {or_null}, created_at {instant}, completed_at {instant}
) {engine}
"""


class Warehouse(Protocol):
    """Where the tables are."""

    def run(self, sql: str) -> None:
        """Run a statement that answers nothing."""
        ...

    def ask(self, sql: str) -> Answer:
        """Return the answer to a question in the warehouse's own SQL: numbers as Decimal, else text."""
        ...


class InDuckDB:
    """DuckDB itself, or in the stead of a warehouse that cannot run here."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._database = duckdb.connect()

    def run(self, sql: str) -> None:
        self._database.execute(sql)

    def ask(self, sql: str) -> Answer:
        return plain(self._database.execute(self.translated(sql)).fetchall())

    def translated(self, sql: str) -> str:
        if self._dialect == "duckdb":
            return sql
        tree = sqlglot.parse_one(sql, read=self._dialect, error_level=sqlglot.ErrorLevel.RAISE)
        for kind in tree.find_all(exp.DataType):
            if kind.is_type("decimal") and not kind.expressions:  # BigQuery's NUMERIC
                kind.replace(exp.DataType.build("DECIMAL(38, 9)"))
        return tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


class InPostgres:
    """PostgreSQL."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def run(self, sql: str) -> None:
        self._connection.execute(sql)

    def ask(self, sql: str) -> Answer:
        return plain(self._connection.execute(sql).fetchall())


class InClickHouse:
    """ClickHouse, in this process."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, sql: str) -> None:
        self._session.query(sql)  # type: ignore[no-untyped-call]

    def ask(self, sql: str) -> Answer:
        text = str(self._session.query(sql, "CSV"))  # type: ignore[no-untyped-call]
        return plain(list(csv.reader(io.StringIO(text))))


@contextmanager
def opened(dialect: Dialect, postgres_url: str) -> Iterator[Warehouse]:
    """Open a warehouse with both tables, and nothing in them."""
    words = {"text": "VARCHAR", "instant": "TIMESTAMP", "engine": "", "or_null": "DECIMAL(18, 6)"}
    match dialect:
        case "postgres":
            with psycopg.connect(postgres_url, autocommit=True, options="-c TimeZone=UTC") as connection:
                yield _with_tables(InPostgres(connection), words | {"instant": "TIMESTAMPTZ"})
        case "clickhouse":
            with Session() as session:  # type: ignore[no-untyped-call]
                theirs = {"text": "String", "instant": "DateTime64(6, 'UTC')", "engine": "ENGINE = Memory"}
                yield _with_tables(InClickHouse(session), words | theirs | {"or_null": "Nullable(DECIMAL(18, 6))"})
        case _:
            yield _with_tables(InDuckDB(dialect), words)


def add_usage(warehouse: Warehouse, rows: Sequence[UsageRow]) -> None:
    """Load rows as an export has them."""
    values = [dict(zip(USAGE_COLUMNS, export_values(row), strict=False)) for row in rows]
    told = ", ".join(_literals({**row, "created_at": str(row["created_at"])[:-1]}.values()) for row in values)
    warehouse.run(f"INSERT INTO query_usage VALUES {told}")


def add_jobs(warehouse: Warehouse, jobs: Sequence[tuple[str, str, int, str | None]]) -> None:
    """Load jobs of January 2026: id, status, attempts and credits."""
    instants = ("2026-01-31T10:00:00.000000", "2026-01-31T23:59:59.999999")
    warehouse.run(f"INSERT INTO job VALUES {', '.join(_literals([*job, *instants]) for job in jobs)}")


def _with_tables(warehouse: Warehouse, words: dict[str, str]) -> Warehouse:
    for statement in _TABLES.format(**words).split(";"):
        warehouse.run(statement)
    return warehouse


def _literals(values: Iterable[object]) -> str:
    return f"({', '.join('NULL' if value is None else _literal(value) for value in values)})"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def plain(rows: Iterable[Sequence[object]]) -> Answer:
    """Return rows in values that compare across warehouses: numbers as Decimal, else text."""
    return [tuple(map(_plain_value, row)) for row in rows]


def _plain_value(value: object) -> str | Decimal:
    if isinstance(value, Decimal):
        return value
    text = str(value)
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
