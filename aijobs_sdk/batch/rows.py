"""Rows from wherever they are: a file, a list, a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from aijobs_sdk.batch.cells import plain
from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.batch.row_files import read_file
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of

Row = Mapping[str, object]
Source = str | PathLike[str] | Iterable[object] | Any
"""A path, or rows: mappings, texts (which become `{"text": …}`), a pandas, polars or Arrow table."""


def read_rows(source: Source) -> list[Row]:
    """Return all rows, in order, their cells as plain Python.

    Raises:
        InvalidRequestError: the file is missing, empty, of an unknown kind or broken (the line is named), or a
            row is neither a mapping nor a text.
    """
    rows = [_row(item, index) for index, item in enumerate(_items(source))]
    if not rows:
        where = f"{source} holds no rows" if isinstance(source, str | PathLike) else "There are no rows"
        raise InvalidRequestError(f"{where}: nothing to do.", code="no_rows")
    return rows


def _items(source: object) -> Iterable[object]:
    """Return the rows of a file, a table or an iterable, each library asked in its own words."""
    if isinstance(source, str | PathLike):
        return read_file(Path(source))
    _check_columns(source)
    if hasattr(source, "iter_rows"):  # polars
        return source.iter_rows(named=True)  # type: ignore[no-any-return]
    if hasattr(source, "to_pylist"):  # Arrow
        return source.to_pylist()  # type: ignore[no-any-return]
    if hasattr(source, "to_dict") and hasattr(source, "columns"):  # pandas
        return source.to_dict("records")  # type: ignore[no-any-return]
    if isinstance(source, Iterable) and not isinstance(source, Mapping):
        return source
    raise InvalidRequestError(
        f"Rows should be a path, a list or a data frame, got {shape_of(source)}.", code="bad_rows"
    )


def _check_columns(table: object) -> None:
    """Refuse a table that would lose a column on its way into mappings."""
    names = list(map(str, getattr(table, "column_names", getattr(table, "columns", ()))))
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidRequestError(f"The table has two columns {twice!r}. Rename one of them.", code="bad_rows")


def _row(item: object, index: int) -> Row:
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, Mapping):
        raise bad_row(index, f"should be a mapping of columns, or a text, got {shape_of(item)}")
    return {str(name): _cell(value, str(name), index) for name, value in item.items()}


def _cell(value: object, name: str, index: int) -> object:
    try:
        return plain(value)
    except UnicodeEncodeError:
        raise bad_row(index, f"column {name!r} holds half a character (a lone surrogate); mend the text") from None
