"""Results as Parquet, in row groups. Imported by those who write it: pyarrow is an extra."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.writing.arrow_results import arrow_batches, arrow_schema
from aijobs_sdk.batch.writing.layout import Layout


def write_parquet(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    """Write a row group for each batch of rows, of types that were known before the first.

    Raises:
        InvalidRequestError: a row holds what its column cannot.
    """
    with pq.ParquetWriter(path, arrow_schema(layout)) as writer:
        for batch in arrow_batches(rows, layout):
            writer.write_batch(batch)
