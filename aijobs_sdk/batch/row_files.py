"""Rows from a file: JSON lines, CSV or Parquet. Whatever is wrong with it is said with its line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from aijobs_sdk.batch.refusal import bad_line
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of

FileRow = dict[str, object]

MAX_CELL_CHARS = 2**31 - 1
"""The csv module stops at 131,072, which is less than a long document."""


def read_file(path: Path) -> list[FileRow]:
    """Return all rows of a file, in order.

    Raises:
        InvalidRequestError: the file is missing, unreadable, of an unknown kind or broken.
        ConfigurationError: Parquet needs the `parquet` extra.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidRequestError(
            f"Cannot read {path}: its name should end in {', '.join(_READERS)}.", code="unknown_file_kind"
        )
    try:
        if path.is_dir():
            raise InvalidRequestError(f"{path} is a folder. Name a file in it.", code="file_not_found")
        return list(reader(path))
    except FileNotFoundError:
        raise InvalidRequestError(f"There is no file {path}. Check the path.", code="file_not_found") from None
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot read {path}: {error.strerror or error}. Check the path and who may read it.",
            code="unreadable_file",
        ) from error


def _read_jsonl(path: Path) -> Iterator[FileRow]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise bad_line(path, number, "is not JSON") from None
        if not isinstance(row, dict):
            raise bad_line(path, number, f"holds {shape_of(row)}; each line should be an object")
        yield row


def _read_csv(path: Path) -> Iterator[FileRow]:
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader((line for _, line in _lines(path)), strict=True)
    row_begins_at = 1
    try:
        header = next(reader, [])
        if twice := next((name for name in header if header.count(name) > 1), None):
            raise bad_line(path, 1, f"names the column {twice!r} twice; rename one of them")
        row_begins_at = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                raise bad_line(path, row_begins_at, f"has {len(cells)} cells under {len(header)} columns")
            if cells:
                yield dict(zip(header, cells, strict=True))
            row_begins_at = reader.line_num + 1
    except csv.Error as error:
        raise bad_line(path, row_begins_at, f"begins a row that is not CSV: {error}; look at its quotes") from None


def _read_parquet(path: Path) -> Iterator[FileRow]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra, and large: loaded by those who read Parquet
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("Reading Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    path.open("rb").close()  # pyarrow's own errors tell a missing file from a broken one in words only
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for record_batch in file.iter_batches():
                yield from record_batch.to_pylist()
    except (pyarrow.ArrowException, OSError):
        raise InvalidRequestError(f"{path} is not a Parquet file, or it is damaged.", code="broken_file") from None


_READERS: Mapping[str, Callable[[Path], Iterator[FileRow]]] = {
    ".jsonl": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers from 1; what is not UTF-8 is an error with its line, not a replacement mark."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise bad_line(path, number, "is not UTF-8 text; save the file as UTF-8") from None
