"""CSV files merged by id into a DuckDB file with dlt, in an interpreter of its own.

`python dlt_peer.py FOLDER LATER…`: first all files of the folder, then each of the later ones by itself, then the last
of them again. What was read is kept, as we do. It imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dlt
    import pyarrow as pa

AMONG_THEMSELVES = "delete-insert"
"""How files are merged that repeat ids of each other: it alone keeps each id once then."""
INTO_WHAT_IS_THERE = "upsert"
"""How one more file is merged, which has each of its ids once: three times as fast."""


def load(pipeline: dlt.Pipeline, paths: Sequence[Path], strategy: str) -> float:
    """Merge files into what was loaded before, and return how many seconds it took."""
    import dlt  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    options = csv.ConvertOptions(
        column_types={"credits_used": pa.decimal128(18, 6), "month_year": pa.string(), "schema_version": pa.string()}
    )

    @dlt.resource(  # type: ignore[untyped-decorator]
        name="query_usage",
        primary_key="id",
        write_disposition={"disposition": "merge", "strategy": strategy},
    )
    def rows() -> Iterator[pa.Table]:
        for path in paths:
            yield csv.read_csv(path, convert_options=options)

    start = time.perf_counter()
    pipeline.run(rows())
    return time.perf_counter() - start


def main(folder: str, *later: str) -> None:
    """Measure, and print what it took as JSON."""
    os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR")
    import dlt  # noqa: PLC0415
    import duckdb  # noqa: PLC0415

    first = sorted(Path(folder).glob("*.csv"))
    with tempfile.TemporaryDirectory(dir=Path(folder).parent) as scratch:
        store = Path(scratch, "usage.duckdb")
        pipeline = dlt.pipeline(
            "usage", destination=dlt.destinations.duckdb(str(store)), dataset_name="bill", pipelines_dir=scratch
        )
        told = {
            "load": load(pipeline, first, AMONG_THEMSELVES),
            "later": [load(pipeline, [Path(path)], INTO_WHAT_IS_THERE) for path in later],
            "again": load(pipeline, [Path(later[-1])], INTO_WHAT_IS_THERE),
        }
        with duckdb.connect(str(store), read_only=True) as database:
            ((told["rows"],),) = database.execute("SELECT count(*) FROM bill.query_usage").fetchall()
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
