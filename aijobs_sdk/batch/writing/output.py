"""Rows into a file: JSON lines, CSV or Parquet, as they come, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.row import FIXED_COLUMNS, BatchRow
from aijobs_sdk.batch.writing.destination import cannot_write, check_output
from aijobs_sdk.batch.writing.layout import Layout
from aijobs_sdk.batch.writing.output_text import write_csv, write_jsonl
from aijobs_sdk.contract.errors import ConfigurationError


def write_rows(
    rows: Iterable[BatchRow],
    path: Path,
    *,
    columns: Columns,
    outputs: Sequence[str] = FIXED_COLUMNS,
    fields: Columns | None = None,
) -> Path:
    """Write rows in their order, a few of them in memory at a time; return the path.

    Args:
        rows: which may come from a generator.
        path: a name that ends in `.jsonl`, `.csv` or `.parquet`.
        columns: of the input, as they were learnt when it was read.
        outputs: which of our columns stand behind them.
        fields: the columns of structured answers, such as `columns_of_schema()` gives; what an answer holds beside
            them stands in `content` alone.

    Raises:
        InvalidRequestError: nothing can be written there, or the disk is full; what was there before still is.
        ConfigurationError: Parquet needs the `parquet` extra.
    """
    check_output(path)
    unfinished = path.with_name(f".{uuid4().hex}.part")
    try:
        _WRITERS[path.suffix.lower()](rows, Layout(columns, outputs, fields or Columns()), unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _write_parquet(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    try:
        from aijobs_sdk.batch.writing.output_parquet import write_parquet  # noqa: PLC0415 - pyarrow is an extra, and large
    except ImportError:
        raise ConfigurationError("Writing Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    write_parquet(rows, layout, path)


_WRITERS: Mapping[str, Callable[[Iterable[BatchRow], Layout, Path], None]] = {
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".parquet": _write_parquet,
}
