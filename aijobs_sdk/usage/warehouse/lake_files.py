"""The Parquet files of a month in the lake: written from Arrow batches, and added up when they are read back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.model import Fact

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_FILE = 1_000_000


class LakeFile(Fact):
    """One Parquet file of a month."""

    name: str
    size_bytes: int
    sha256: str


def check_pyarrow() -> None:
    """Return where Parquet can be written in pieces.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ConfigurationError("A lake needs pyarrow and fsspec: pip install 'aijobs-sdk[lake]'.")


def parquet_files(
    rows: pa.RecordBatchReader, folder: Path, *, rows_per_file: int = ROWS_PER_FILE
) -> Iterator[LakeFile]:
    """Write `rows` to files in `folder` and yield each when it is complete; it is deleted when the next is asked for.

    A file is full with the batch that brings it to `rows_per_file`.

    No rows give one file without any, so that the month has its columns.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    batches = iter(rows)
    batch: pa.RecordBatch | None = next(batches, None)
    number = 0
    while batch is not None or number == 0:
        number += 1
        path = folder / f"usage-{number:04d}.parquet"
        with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
            written = 0
            while batch is not None and written < rows_per_file:
                writer.write_batch(batch)
                written += batch.num_rows
                batch = next(batches, None)
        yield _described(path)
        path.unlink()


def added_up(file: BinaryIO) -> tuple[int, Decimal]:
    """Return what the rows of a file count, and their credits."""
    import pyarrow.compute as pc  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    rows, credits_sum = 0, Decimal(0)
    for batch in pq.ParquetFile(file).iter_batches(columns=["quantity", "credits_used"]):
        rows += pc.sum(batch["quantity"]).as_py() or 0
        credits_sum += pc.sum(batch["credits_used"]).as_py() or 0
    return rows, credits_sum


def _described(path: Path) -> LakeFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return LakeFile(name=path.name, size_bytes=path.stat().st_size, sha256=digest)
