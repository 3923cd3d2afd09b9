"""Rows from files: JSON lines, CSV, either of them gzipped, or Parquet. What is wrong is said with its line."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from aijobs_sdk.batch.reading.slices import ROWS_AT_A_TIME, NotHeld
from aijobs_sdk.batch.reading.tables import name_used_twice, rows_of_arrow
from aijobs_sdk.batch.refusal import bad_line
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.shapes import shape_of

FileRow = Mapping[str, object]
ReadRow = FileRow | InvalidRequestError | NotHeld
"""A row, or what is wrong with it or with its line."""

MAX_CELL_CHARS = 2**31 - 1
"""The csv module stops at 131,072, which is less than a long document."""
BYTES_AT_A_TIME = 1_000_000
_GZIPPED = ".gz"
_BLANK = frozenset({b"", BOM_UTF8})
_GLOB_MARKS = frozenset("*?[")


def files_of(path: Path) -> list[Path]:
    """Return the file, or those that a glob such as `data/*.parquet` finds, by name.

    Raises:
        InvalidRequestError: the glob finds none.
    """
    if _GLOB_MARKS.isdisjoint(str(path)) or path.exists():
        return [path]
    found = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    if not found:
        raise InvalidRequestError(f"No file is named like {path}. Check the path.", code="file_not_found")
    return found


def read_file(path: Path) -> Iterator[ReadRow]:
    """Yield all rows of a file, in order; in place of a line that cannot be used, its refusal.

    Raises:
        InvalidRequestError: the file is missing, unreadable, of an unknown kind or damaged.
        ConfigurationError: Parquet needs the `parquet` extra.
    """
    reader = _reader_of(path)
    try:
        if path.is_dir():
            raise InvalidRequestError(f"{path} is a folder. Name a file in it.", code="file_not_found")
        yield from reader(path)
    except FileNotFoundError:
        raise InvalidRequestError(f"There is no file {path}. Check the path.", code="file_not_found") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InvalidRequestError(f"{path} is not a gzip file, or it is damaged.", code="broken_file") from None
    except OSError as error:
        raise InvalidRequestError(
            f"Cannot read {path}: {error.strerror or error}. Check the path and who may read it.",
            code="unreadable_file",
        ) from error


def _read_jsonl(path: Path) -> Iterator[ReadRow]:
    for number, raw in _lines(path):
        if raw.strip() not in _BLANK:
            yield _json_row(path, number, raw)


class _TwoOfOneNameError(Exception):
    """An object of JSON has two fields of one name, of which one would be lost."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs) and (twice := name_used_twice([name for name, _ in pairs])) is not None:
        raise _TwoOfOneNameError(twice)
    return fields


_json = json.JSONDecoder(object_pairs_hook=_fields)


def _json_row(path: Path, number: int, raw: bytes) -> ReadRow:
    try:
        row = _json.decode(_decoded(raw, number))
    except UnicodeDecodeError:
        return bad_line(path, number, _NOT_UTF_8)
    except (ValueError, RecursionError):
        return bad_line(path, number, "is not JSON")
    except _TwoOfOneNameError as error:
        return bad_line(path, number, f"holds {error.name!r} twice in one object; rename one of them")
    if not isinstance(row, dict):
        return bad_line(path, number, f"holds {shape_of(row)}; each line should be an object")
    return row


def _read_csv(path: Path) -> Iterator[ReadRow]:
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader((_decoded(raw, number) for number, raw in _lines(path)), strict=True)
    row_begins_at = 1
    try:
        header = next(filter(None, reader), [])
        if twice := name_used_twice(header):
            yield bad_line(path, reader.line_num, f"names the column {twice!r} twice; rename one of them")
            return
        row_begins_at = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                yield dict(zip(header, [cell or None for cell in cells], strict=True))  # CSV has no other nothing
            elif cells:
                yield bad_line(path, row_begins_at, f"has {len(cells)} cells under {len(header)} columns")
            row_begins_at = reader.line_num + 1
    except csv.Error as error:
        yield bad_line(path, row_begins_at, _not_csv(error))
    except UnicodeDecodeError:
        yield bad_line(path, reader.line_num + 1, _NOT_UTF_8)


def _not_csv(error: csv.Error) -> str:
    if str(error).startswith("new-line character"):  # advice to whoever opened the file, who is not our reader
        return "begins a row with a carriage return alone; save the file with line feeds, or put quotes around the cell"
    return f"begins a row that is not CSV: {error}; look at its quotes"


def _read_parquet(path: Path) -> Iterator[ReadRow]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra, and large: loaded by those who read Parquet
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("Reading Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    path.open("rb").close()  # pyarrow's own errors tell a missing file from a broken one in words only
    try:
        # Through a small window: a row group may be larger than memory.
        with pyarrow.parquet.ParquetFile(path, buffer_size=BYTES_AT_A_TIME, pre_buffer=False) as file:
            if twice := name_used_twice(file.schema_arrow.names):
                raise InvalidRequestError(f"{path} has two columns {twice!r}. Rename one of them.", code="broken_file")
            for record_batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
                yield from cast("Iterator[ReadRow]", rows_of_arrow(record_batch))
    except (pyarrow.ArrowException, OSError):
        raise InvalidRequestError(f"{path} is not a Parquet file, or it is damaged.", code="broken_file") from None


_READERS: Mapping[str, Callable[[Path], Iterator[ReadRow]]] = {
    ".jsonl": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl.gz": _read_jsonl,
    ".csv.gz": _read_csv,
}
_NOT_UTF_8 = "is not UTF-8 text; save the file as UTF-8"


def _reader_of(path: Path) -> Callable[[Path], Iterator[ReadRow]]:
    for ending, reader in _READERS.items():
        if path.name.lower().endswith(ending):
            return reader
    raise InvalidRequestError(
        f"Cannot read {path}: its name should end in {', '.join(_READERS)}.", code="unknown_file_kind"
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers from 1, undecoded, so that one that is no text is told with its number."""
    with path.open("rb") as opened, gzip.open(opened) if path.suffix.lower() == _GZIPPED else opened as file:
        yield from enumerate(file, start=1)


def _decoded(raw: bytes, number: int) -> str:
    return raw.decode("utf-8-sig" if number == 1 else "utf-8")
