"""Rows from wherever they are, one at a time: a file, many files, a list, a data frame, a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pickle import PicklingError
from typing import Any

from aijobs_sdk.batch.reading.cells import plain, whole
from aijobs_sdk.batch.reading.row_files import files_of, read_file
from aijobs_sdk.batch.reading.slices import NOT_HELD, NotHeld
from aijobs_sdk.batch.reading.tables import keeps_others_waiting, rows_of_table
from aijobs_sdk.batch.refusal import all_good, bad_row
from aijobs_sdk.batch.spool import Spool
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import path_of
from aijobs_sdk.contract.shapes import shape_of

Row = Mapping[str, object]
Source = str | PathLike[str] | Iterable[object] | Any
"""A path or a glob of paths; or rows: mappings, texts (which become `{"text": …}`), or a table of pandas, polars
(lazy or not), Arrow (also a reader or a data set) or DuckDB."""


def open_rows(source: Source) -> Iterator[Row]:
    """Return all rows, in order, their cells as plain Python; only a few are held at a time.

    A relation of DuckDB is read to its end first: until then its connection would take no other query.

    Raises:
        InvalidRequestError: a file is missing, empty, of an unknown kind or broken (each line is named), or a row
            is neither a mapping nor a text. What came before it was yielded.
        ConfigurationError: a library that reads this kind is not installed.
    """
    rows = _rows(source)
    return _read_whole(rows) if keeps_others_waiting(source) else rows


def _rows(source: Source) -> Iterator[Row]:
    found = False
    for row in all_good(_row(item, index) for index, item in enumerate(_items(source))):
        found = True
        yield row
    if not found:
        where = f"{source} holds no rows" if isinstance(source, str | PathLike) else "There are no rows"
        raise InvalidRequestError(f"{where}: nothing to do.", code="no_rows")


def _read_whole(rows: Iterator[Row]) -> Iterator[Row]:
    """Read all rows at once, and yield them from a file."""
    kept: Spool[Row] = Spool()
    for place, row in enumerate(rows):
        kept.put(place, row)
    return map(kept.get, range(len(kept)))


def _items(source: object) -> Iterable[object]:
    """Return what a source holds, each item a row yet to be checked, or the refusal of a line."""
    if isinstance(source, str | PathLike):
        return (row for path in files_of(path_of("source", source)) for row in read_file(path))
    if (rows := rows_of_table(source)) is not None:
        return rows
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes):
        return source
    raise InvalidRequestError(
        f"Rows should be a path, a list or a data frame, got {shape_of(source)}.", code="bad_rows"
    )


def _row(item: object, index: int) -> Row | InvalidRequestError:
    if isinstance(item, InvalidRequestError):
        return item
    if isinstance(item, NotHeld):
        return bad_row(index, NOT_HELD if item.column is None else f"column {item.column!r} {NOT_HELD}")
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, Mapping):
        return bad_row(index, f"should be a mapping of columns, or a text, got {shape_of(item)}")
    try:
        row = {whole(str(name)): plain(value) for name, value in item.items()}
    except (UnicodeEncodeError, RecursionError, PicklingError, OverflowError):
        return bad_row(index, _worst_cell(item))
    if len(row) < len(item):
        return bad_row(index, "has two columns whose names are the same text; rename one of them")
    return row


def _worst_cell(item: Mapping[object, object]) -> str:
    """Return what is wrong with the first cell that cannot be used; one of them is known to be so."""
    for name, value in item.items():
        try:
            plain({name: value})
        except UnicodeEncodeError:
            return f"column {str(name)!r} holds half a character (a lone surrogate); mend the text"
        except RecursionError:
            return f"column {str(name)!r} is nested too deeply; make it a text"
        except PicklingError:
            return f"column {str(name)!r} holds what cannot be kept in a file; leave it out, or make it a text"
        except OverflowError:
            return f"column {str(name)!r} {NOT_HELD}"
    raise AssertionError("every cell is good")
