"""`Usage`: the exports of `query_usage`, loaded once and asked often."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.usage.database import DatabaseError, is_one_query, lock, open_database, statement
from aijobs_sdk.usage.ingest import load
from aijobs_sdk.usage.report import NUMBER_COLUMNS, MonthlyReport, Problem, UsageGroup, UsageTotals, group_table
from aijobs_sdk.usage.sources import find_sources
from aijobs_sdk.usage.table import UsageTable

GROUP_COLUMNS = ("tenant_id", "user_id", "model", "provider", "query_type", "day", "month_year")
"""What a month can be divided by. `day` is the UTC day of `created_at`."""


class SourceFile(Fact):
    """What came of one export file: rows_read = kept + duplicates + quarantined."""

    path: str
    format: str
    sha256: str
    rows_read: int
    kept: int
    duplicates: int
    quarantined: int


class Usage:
    """What jobs cost, from any mix of export files: CSV, JSONL and Parquet, in any overlap.

    `paths` are files, folders (with all below them) and patterns such as `exports/**/*.parquet`. They are read once,
    here. Each id is billed once, whatever file or format repeats it; the first row wins. Rows that cannot be billed are
    in the table `quarantine`, with reason, file, line and raw text. A row belongs to the month in its `month_year`.

    Raises:
        InvalidRequestError: a path means no export, or a file is empty or is not what its ending says.
    """

    def __init__(self, paths: str | Path | Iterable[str | Path]) -> None:
        sources = find_sources(paths)
        self._database = open_database()
        load(self._database, sources)
        lock(self._database)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """What came of each file, in the order read."""
        found = self._table(statement("files"))
        return tuple(SourceFile.model_validate(row) for row in found)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why rows were set aside, the most frequent reason first."""
        found = self._table(statement("problems"))
        return tuple(Problem.model_validate(row) for row in found)

    def monthly(self, month: str, by: str | Iterable[str] = ("tenant_id", "model")) -> UsageTable:
        """Return what `month` ("2026-01") cost by the columns `by`, dearest first.

        The columns are those of `by`, then rows, input_tokens, output_tokens, credits (billed) and metered_credits.

        Raises:
            InvalidRequestError: no such month can be, or a column is not one of GROUP_COLUMNS.
        """
        columns = _group_columns(by)
        return group_table(columns, self._groups(month, columns))

    def report(self, month: str, by: str | Iterable[str] = ("tenant_id", "model")) -> MonthlyReport:
        """Return the report on `month`, divided `by` columns as in `monthly`."""
        columns = _group_columns(by)
        files = self.files
        (total,) = self._groups(month, ())
        return MonthlyReport(
            month=month,
            by=columns,
            totals=UsageTotals.model_validate(dict(zip(NUMBER_COLUMNS, total.numbers, strict=True))),
            groups=self._groups(month, columns) if columns else (),
            duplicates=sum(file.duplicates for file in files),
            quarantined=sum(file.quarantined for file in files),
            problems=self.problems,
        )

    def sql(self, query: str) -> UsageTable:
        """Return the answer to one SELECT over `usage`, `quarantine` and `source_file`. Nothing can be changed by it.

        Raises:
            InvalidRequestError: `query` is not one SELECT, or DuckDB cannot answer it.
        """
        try:
            if not is_one_query(query):
                raise InvalidRequestError("sql() takes one SELECT. The tables: usage, quarantine, source_file.")
            return self._table(query)
        except DatabaseError as error:
            raise InvalidRequestError(f"DuckDB cannot answer this query. {error}") from error

    def close(self) -> None:
        """Free the memory the rows are held in."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        files = self.files
        return (
            f"Usage({len(files):,} files: {sum(file.kept for file in files):,} rows, "
            f"{sum(file.duplicates for file in files):,} duplicates, "
            f"{sum(file.quarantined for file in files):,} quarantined)"
        )

    def _groups(self, month: str, by: tuple[str, ...]) -> tuple[UsageGroup, ...]:
        month_span(month)  # refuses what is no month
        query = statement("monthly").replace("{by}", "".join(f"{column}, " for column in by))
        found = self._table(query, {"month": month})
        return tuple(
            UsageGroup.model_validate(
                {"keys": {column: row[column] for column in by}, **{name: row[name] for name in NUMBER_COLUMNS}}
            )
            for row in found
        )

    def _table(self, query: str, parameters: dict[str, str] | None = None) -> UsageTable:
        with self._database.cursor() as cursor:  # a session of its own: usable from several threads
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            answer = cursor.execute(query, parameters or {})
            columns = tuple(column[0] for column in answer.description or ())
            return UsageTable(columns=columns, cells=tuple(answer.fetchall()))


def _group_columns(by: str | Iterable[str]) -> tuple[str, ...]:
    columns = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    for column in columns:
        if column not in GROUP_COLUMNS:
            raise InvalidRequestError(f"Usage cannot be divided by {column!r}.{nearest(column, GROUP_COLUMNS)}")
    return columns
