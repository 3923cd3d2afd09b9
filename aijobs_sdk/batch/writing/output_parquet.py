"""Results as Parquet, in row groups. Imported by those who write it: pyarrow is an extra."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.writing.arrow_results import arrow_batches, arrow_schema
from aijobs_sdk.batch.writing.layout import Layout

BATCHES_A_GROUP = 10
"""Of rows in one row group: small ones are slow to read."""


def write_parquet(rows: Iterable[BatchRow], layout: Layout, path: Path) -> None:
    """Write rows in groups, of types that were known before the first.

    Raises:
        InvalidRequestError: a row holds what its column cannot.
    """
    batches = arrow_batches(rows, layout)
    with pq.ParquetWriter(path, arrow_schema(layout)) as writer:
        while some := list(islice(batches, BATCHES_A_GROUP)):
            writer.write_table(pa.Table.from_batches(some))
