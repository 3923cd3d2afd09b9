"""`MonthlyReport`: what one month cost, and the ways to read it."""

from __future__ import annotations

from pathlib import Path
from typing import overload

from pydantic import JsonValue

from aijobs_sdk.contract.refusal import path_of
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.heading import status
from aijobs_sdk.usage.showing.figures import exact
from aijobs_sdk.usage.showing.fragment import report_fragment
from aijobs_sdk.usage.showing.json import report_json
from aijobs_sdk.usage.showing.text import report_text


class MonthlyReport(MonthFacts):
    """The bill of one month, explained: a frozen set of facts. The same facts are shown the same, to the byte."""

    def to_json(self) -> dict[str, JsonValue]:
        """Return the report as a JSON object; amounts are decimal text."""
        return report_json(self)

    def to_text(self) -> str:
        """Return the report to read in a terminal."""
        return report_text(self)

    @overload
    def to_html(self) -> str: ...
    @overload
    def to_html(self, path: str | Path) -> Path: ...
    def to_html(self, path: str | Path | None = None) -> str | Path:
        """Return the report as one page that needs no network and no script; or write it to `path`, and return that.

        Raises:
            ConfigurationError: the `report` extra is not installed.
            InvalidRequestError: the file cannot be written.
        """
        from aijobs_sdk.usage.showing.page import report_page, write_page  # noqa: PLC0415 - its tables are an extra

        page = report_page(self)
        return page if path is None else write_page(page, path_of("path", path))

    def to_excel(self, path: str | Path) -> Path:
        """Write the report as a workbook with real numbers and sums that can be checked; return its path.

        Raises:
            ConfigurationError: the `report` extra is not installed.
            InvalidRequestError: the file cannot be written.
        """
        from aijobs_sdk.usage.showing.workbook import write_workbook  # noqa: PLC0415 - an extra

        return write_workbook(self, path_of("path", path))

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write each table of the report as a CSV file into `folder`; return their paths."""
        from aijobs_sdk.usage.showing.files import write_csv_tables  # noqa: PLC0415 - DuckDB takes a while to load

        return write_csv_tables(self, path_of("folder", folder))

    def to_parquet(self, folder: str | Path) -> list[Path]:
        """Write each table of the report as a Parquet file into `folder`, amounts as DECIMAL; return their paths."""
        from aijobs_sdk.usage.showing.files import write_parquet_tables  # noqa: PLC0415 - DuckDB takes a while to load

        return write_parquet_tables(self, path_of("folder", folder))

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        rows, amount = counted(self.totals.rows, "row"), exact(self.totals.credits, places=2)
        return f"<MonthlyReport {self.month}: {rows}, {amount} credits, {status(self)}>"

    def _repr_html_(self) -> str:
        return report_fragment(self)
