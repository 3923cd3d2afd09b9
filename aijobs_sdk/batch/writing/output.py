"""Rows into a file: JSON lines, CSV or Parquet, as they come, and whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.row import ALL_COLUMNS, FIXED_COLUMNS, BatchRow
from aijobs_sdk.batch.writing.destination import cannot_write, check_output, target_of
from aijobs_sdk.batch.writing.layout import ANSWERS, Layout, all_columns_of
from aijobs_sdk.batch.writing.output_text import write_csv, write_jsonl
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of

Writer = Callable[[Iterable[BatchRow], Layout, Path], None]


def write_rows(
    rows: Iterable[BatchRow],
    path: Path,
    *,
    columns: Columns,
    outputs: Sequence[str] = FIXED_COLUMNS,
    fields: Columns | None = None,
) -> Path:
    """Write rows in their order, a few of them in memory at a time; return the path.

    Where a link stands, the file that it leads to is written. One that was there before keeps who may read it.

    Args:
        rows: which may come from a generator; then `outputs` and `fields` are taken as they are.
        path: a name that ends in `.jsonl`, `.csv` or `.parquet`.
        columns: of the input, as they were learnt when it was read.
        outputs: which of our columns stand behind them. Where it is all, conversations have their answers as well.
        fields: the columns of structured answers, such as `columns_of_schema()` gives; what an answer holds beside
            them stands in `content` alone.

    Raises:
        InvalidRequestError: a column is none of ours, nothing can be written there, or the disk is full; what was there
            before still is.
        ConfigurationError: Parquet needs the `parquet` extra.
    """
    check_output(path)
    _check_columns(outputs)
    if tuple(outputs) == ALL_COLUMNS and not isinstance(rows, Iterator):
        outputs = all_columns_of(rows)
    try:
        _write_whole(
            rows, Layout(columns, outputs, fields or Columns()), _WRITERS[path.suffix.lower()], target_of(path)
        )
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _write_whole(rows: Iterable[BatchRow], layout: Layout, write: Writer, target: Path) -> None:
    unfinished = target.with_name(f".{uuid4().hex}.part")
    try:
        if target.exists():
            unfinished.touch(mode=0o600)  # nobody reads meanwhile what they may not read then
        write(rows, layout, unfinished)
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _check_columns(outputs: Sequence[str]) -> None:
    if isinstance(outputs, str) or not isinstance(outputs, Sequence):
        raise bad_argument("outputs", f"should be a list of columns, got {shape_of(outputs)}")
    unknown = next((name for name in outputs if name not in _OURS), None)
    if unknown is not None:
        raise bad_argument("outputs", f"names {unknown!r}, which is no column of ours.{nearest(str(unknown), _OURS)}")
    if (twice := next((name for name in outputs if [*outputs].count(name) > 1), None)) is not None:
        raise bad_argument("outputs", f"names {twice!r} twice; name it once")


def _write_parquet(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    try:
        from aijobs_sdk.batch.writing.output_parquet import write_parquet  # noqa: PLC0415 - pyarrow is an extra, and large
    except ImportError:
        raise ConfigurationError("Writing Parquet needs pyarrow: pip install 'aijobs-sdk[parquet]'.") from None
    write_parquet(rows, layout if isinstance(rows, Iterator) else layout.holding(rows), path)


_OURS = (*ALL_COLUMNS, ANSWERS)
_WRITERS: Mapping[str, Writer] = {
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".parquet": _write_parquet,
}
