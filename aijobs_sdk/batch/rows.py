"""Rows from wherever they are: a file, a list, a data frame."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of

Row = Mapping[str, object]
Source = str | PathLike[str] | Iterable[object] | Any
"""A path, or rows: mappings, texts (which become `{"text": …}`), a pandas, polars or Arrow table."""


def read_rows(source: Source) -> list[Row]:
    """Return all rows, in order.

    Raises:
        InvalidRequestError: the file is missing, empty, of an unknown kind or broken (the line is named), or a
            row is neither a mapping nor a text.
    """
    if isinstance(source, str | PathLike):
        rows = list(_read_file(Path(source)))
        where = f"{source} holds no rows"
    else:
        rows = [_as_row(item, index) for index, item in enumerate(_items(source))]
        where = "There are no rows"
    if not rows:
        raise InvalidRequestError(f"{where}: nothing to do.", code="no_rows")
    return rows


def _read_file(path: Path) -> Iterator[Row]:
    readers: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _read_jsonl,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidRequestError(
            f"Cannot read {path}: its name should end in {', '.join(readers)}.", code="unknown_file_kind"
        )
    if not path.is_file():
        raise InvalidRequestError(f"There is no file {path}. Check the path.", code="file_not_found")
    if path.stat().st_size == 0:
        raise InvalidRequestError(f"{path} is empty.", code="no_rows")
    return reader(path)


def _read_jsonl(path: Path) -> Iterator[Row]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise _broken(path, number, "is not JSON") from None
        if not isinstance(row, dict):
            raise _broken(path, number, f"holds {shape_of(row)}; each line should be an object")
        yield row


def _read_csv(path: Path) -> Iterator[Row]:
    reader = csv.reader((line for _, line in _lines(path)), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise _broken(path, 1, "names a column twice")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise _broken(path, reader.line_num, f"has {len(cells)} cells under {len(header)} columns")
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _broken(path, reader.line_num, f"is not CSV: {error}") from None


def _read_parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra, and large: loaded by those who read Parquet
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("Reading Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for record_batch in file.iter_batches():
                yield from record_batch.to_pylist()
    except pyarrow.ArrowInvalid as error:
        raise InvalidRequestError(f"{path} is not a Parquet file: {error}.", code="broken_file") from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers from 1; what is not UTF-8 is an error with its line, not a replacement mark."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise _broken(path, number, "is not UTF-8 text") from None


def _items(source: object) -> Iterable[object]:
    """Return the rows of a table or an iterable, each library asked in its own words."""
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


def _as_row(item: object, index: int) -> Row:
    match item:
        case str():
            return {"text": item}
        case Mapping():
            return item
        case _:
            raise InvalidRequestError(
                f"Row {index} should be a mapping of columns, or a text, got {shape_of(item)}.", code="bad_row"
            )


def _broken(path: Path, line: int, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"Line {line} of {path} {problem}. Nothing was sent.", code="broken_file")
