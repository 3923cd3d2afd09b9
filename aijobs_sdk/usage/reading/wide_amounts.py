"""Amounts in Parquet that DuckDB would round, such as BigQuery's BIGNUMERIC: refused, as money is exact."""

from __future__ import annotations

from pathlib import Path

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database


def check_amounts(database: Database, pattern: str, path: str | Path) -> None:
    """Refuse the Parquet file that `pattern` matches, called `path`, if its amounts cannot be read to the last digit.

    Raises:
        InvalidRequestError: they cannot.
    """
    wide = [name for (name,) in database.execute(statement("reading/wide_amounts"), {"path": pattern}).fetchall()]
    if wide:
        raise InvalidRequestError(
            f"{path} has amounts of more than 38 digits, which cannot be read exactly: {', '.join(wide)}. "
            "Write them as DECIMAL(18,6) or as text."
        )
