"""Rows into a file: JSON lines, CSV or Parquet, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import BaseModel

from aijobs_sdk.batch.destination import cannot_write, check_output
from aijobs_sdk.batch.row import OUTPUT_COLUMNS, BatchRow
from aijobs_sdk.contract.errors import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa

Record = Mapping[str, object]


def write_rows(rows: Sequence[BatchRow], path: Path) -> Path:
    """Write rows in their order; return the path.

    Raises:
        InvalidRequestError: nothing can be written there.
        ConfigurationError: Parquet needs the `parquet` extra.
    """
    check_output(path)
    unfinished = path.with_name(f".{uuid4().hex}.part")
    try:
        _WRITERS[path.suffix.lower()]([row.record() for row in rows], unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _write_jsonl(records: Sequence[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(_json(record) + "\n")


def _write_csv(records: Sequence[Record], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _columns(records), restval="")
        writer.writeheader()
        writer.writerows({name: _text(value) for name, value in record.items()} for record in records)


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
        table[name] = pa.array(map(_arrow, values), type=ours[name]) if name in ours else _input_column(values)
    pq.write_table(pa.table(table), path)


def _arrow(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _input_column(values: Sequence[Any]) -> pa.Array[Any]:
    """Return values as Arrow understands them; where they are of more than one kind, as text."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        column: pa.Array[Any] = pa.array(values)
        if _has_a_place_in_parquet(column.type):
            return column
    except (pa.ArrowException, OverflowError):
        pass
    return pa.array([None if value is None else _text(value) for value in values], type=pa.string())


def _has_a_place_in_parquet(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_struct(kind) and not kind.num_fields:
        return False
    return all(_has_a_place_in_parquet(kind.field(n).type) for n in range(kind.num_fields))


_WRITERS: Mapping[str, Callable[[Sequence[Record], Path], None]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _columns(records: Sequence[Record]) -> list[str]:
    """Return every column of any record, the input's first, in the order they appear."""
    seen = dict.fromkeys(name for record in records for name in record if name not in OUTPUT_COLUMNS)
    return [*seen, *OUTPUT_COLUMNS]


def _text(value: object) -> str:
    """Return a value as a cell of text: nothing as an empty one, what has parts as JSON."""
    match value:
        case None:
            return ""
        case BaseModel() | Mapping() | list():
            return _json(value)
        case _:
            return str(_plain(value))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """Return what JSON has no word for as what stands for it; money as exact decimal text."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case Decimal():
            return format(value, "f")
        case date() | time():
            return value.isoformat()
        case None | str() | int() | float():
            return value
        case _:
            return str(value)
