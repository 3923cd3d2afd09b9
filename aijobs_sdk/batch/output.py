"""Rows into a file: JSON lines, CSV or Parquet, whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from aijobs_sdk.batch.row import OUTPUT_COLUMNS, BatchRow
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError

Record = Mapping[str, object]


def check_output(path: Path) -> None:
    """Refuse a path that nothing can be written to, before any row is paid for.

    Raises:
        InvalidRequestError: the ending is unknown, or the folder does not exist.
    """
    if path.suffix.lower() not in _WRITERS:
        raise InvalidRequestError(
            f"Cannot write {path}: its name should end in {', '.join(_WRITERS)}.", code="unknown_file_kind"
        )
    if not path.parent.is_dir():
        raise InvalidRequestError(f"There is no folder {path.parent}. Create it first.", code="no_such_folder")


def write_rows(rows: Sequence[BatchRow], path: Path) -> Path:
    """Write rows in their order; return the path."""
    check_output(path)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        _WRITERS[path.suffix.lower()]([row.record() for row in rows], unfinished)
        os.replace(unfinished, path)  # noqa: PTH105 - Path.replace says the same; this says atomic
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _write_jsonl(records: Sequence[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(_json(record) + "\n")


def _write_csv(records: Sequence[Record], path: Path) -> None:
    columns = _columns(records)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)


def _write_parquet(records: Sequence[Record], path: Path) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and large: loaded by those who write Parquet
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("Writing Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    ours = {
        "index": pa.int64(),
        "status": pa.string(),
        "content": pa.string(),
        "error": pa.struct([("code", pa.string()), ("category", pa.string()), ("message", pa.string())]),
        "model": pa.string(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "credits": pa.decimal128(18, 6),
        "attempts": pa.int64(),
    }
    table: dict[str, pa.Array[Any]] = {}
    for name in _columns(records):
        values = [record.get(name) for record in records]
        if name == "error":
            values = [_plain(value) for value in values]
        try:
            table[name] = pa.array(values, type=ours.get(name))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise InvalidRequestError(
                f"Column {name!r} holds values of more than one kind, which Parquet cannot; write .jsonl instead.",
                code="mixed_column",
            ) from None
    pq.write_table(pa.table(table), path)


_WRITERS: Mapping[str, Callable[[Sequence[Record], Path], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _columns(records: Sequence[Record]) -> list[str]:
    """Return every column of any record, the input's first, in the order they appear."""
    seen = dict.fromkeys(name for record in records for name in record if name not in OUTPUT_COLUMNS)
    return [*seen, *OUTPUT_COLUMNS]


def _cell(value: object) -> object:
    if value is None:
        return ""
    return _json(value) if isinstance(value, BaseModel | Mapping | list | tuple) else _plain(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case Decimal():
            return format(value, "f")
        case None | str() | int() | float():
            return value
        case _ if hasattr(value, "item"):  # a numpy scalar of a data frame
            return value.item()
        case _:
            return str(value)
