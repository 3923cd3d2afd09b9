"""How long do many rows take from a Parquet file into another, in virtual time? `python -m benchmarks.batch.large`."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

import aijobs_sdk as aijobs
from benchmarks.fresh_process import in_fresh_process
from benchmarks.table import Measure, Row, compare, print_machine, print_table

TITLE = "{:,} rows, Parquet to Parquet, answers of the profile fast in virtual time, 200 at a time; one run"
CONCURRENCY = 200
MOST_SECONDS_A_MILLION = 600.0
MOST_MEGABYTES = 500.0
ROWS_A_GROUP = 100_000
"""Written to the file at once, so that making it is not what needs most memory."""


class Cost(NamedTuple):
    """What it took."""

    run_seconds: float
    write_seconds: float
    run_megabytes: float
    """The most that was resident until the last row had ended, with the making of the file."""
    megabytes: float
    """The most that was resident at all."""


def rows(count: int) -> Iterator[Row]:
    """Measure once, in a process of its own."""
    cost = in_fresh_process(_run, count)
    seconds = cost.run_seconds + cost.write_seconds
    target = MOST_SECONDS_A_MILLION * count / 1e6
    yield from compare(Measure("from file to file: wall s", target), seconds, {})
    yield from compare(Measure("    of them for writing the results"), cost.write_seconds, {})
    yield from compare(Measure("    µs a row"), seconds / count * 1e6, {})
    yield from compare(Measure("    resident MB", MOST_MEGABYTES), cost.megabytes, {})
    yield from compare(Measure("    before the results are written"), cost.run_megabytes, {})


def _run(count: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
        _write(source, count)
        with (
            aijobs.mock(seed=1, profile="fast", clock="virtual"),
            aijobs.Client("memory://", concurrency=CONCURRENCY) as client,
        ):
            began = time.perf_counter()
            batch = client.batch(source, prompt="{text}", model="gpt-5.2", concurrency=CONCURRENCY)
            batch.run()
            ran, run_megabytes = time.perf_counter(), _megabytes()
            batch.write(target)
            wrote, megabytes = time.perf_counter(), _megabytes()
        written = pq.read_table(target, columns=["status"])["status"].to_pylist()
        assert written.count("completed") == count, "rows were lost"
    return Cost(ran - began, wrote - ran, run_megabytes, megabytes)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(path: Path, count: int) -> None:
    schema = pa.table({"id": [0], "text": [""]}).schema
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, count, ROWS_A_GROUP):
            ids = range(first, min(first + ROWS_A_GROUP, count))
            texts = [f"What is river {n}?" for n in ids]
            writer.write_table(pa.table({"id": list(ids), "text": texts}, schema=schema))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=20_000)
    asked = parser.parse_args().rows
    print_machine()
    print_table(TITLE.format(asked), rows(asked))
