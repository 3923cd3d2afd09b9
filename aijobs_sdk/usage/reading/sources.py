"""What there is to read, from what a caller names: paths, URLs or rows; each file once, and in bounded batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.refusal import path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.reading.exports import Export, local_exports
from aijobs_sdk.usage.reading.memory import exports_of_rows
from aijobs_sdk.usage.reading.remote import is_url, is_web, remote_exports

Sources: TypeAlias = str | Path | Iterable[str | Path] | Iterable[UsageRow]
"""Export files, folders with all below them, patterns such as `exports/**/*.parquet`, URLs; or rows in memory."""

_FILES_PER_BATCH = 100  # 1,000 files of 10,000 rows are ten transactions
_BYTES_PER_BATCH = 400_000_000
_GROWTH = {"csv": 1, "jsonl": 1, "parquet": 5}  # bytes of text that a byte of the file becomes
_PACKED_GROWTH = 8


@dataclass(frozen=True)
class Found:
    """What a caller named, in the order named."""

    exports: Iterable[Export]
    files: int | None
    """How many there are; None: it will be seen."""
    size_bytes: int | None


def find_sources(sources: Sources, spool: Path) -> Found:
    """Return the files that `sources` mean, each once, in the order given. Rows are put into `spool`, a part at a time.

    Raises:
        InvalidRequestError: a path means no export file, or names one that is empty or has another ending; or something
            is neither a path nor a row.
    """
    if isinstance(sources, str | Path):
        return _files([sources])
    if not isinstance(sources, Iterable):
        raise InvalidRequestError(f"`paths` must be paths, URLs or usage rows, not {shape_of(sources)}.")
    given: Iterator[object] = iter(sources)
    first = next(given, None)
    if first is None:
        raise InvalidRequestError("No paths were given. Name export files, a folder of them, or a pattern.")
    everything = chain([first], given)
    if isinstance(first, UsageRow):
        return Found(exports_of_rows(map(_row, everything), spool), files=None, size_bytes=None)
    return _files(list(map(_path, everything)))


def batches(exports: Iterable[Export]) -> Iterator[Sequence[Export]]:
    """Yield `exports` in order, so many at a time as one transaction takes in."""
    batch: list[Export] = []
    weight = 0
    for export in exports:
        own = export.size_bytes * _GROWTH[export.format] * (_PACKED_GROWTH if export.is_packed else 1)
        if batch and (len(batch) == _FILES_PER_BATCH or weight + own > _BYTES_PER_BATCH):
            yield batch
            batch, weight = [], 0
        batch.append(export)
        weight += own
    if batch:
        yield batch


def _files(paths: Sequence[str | Path]) -> Found:
    by_place: dict[tuple[str, str], Export] = {}
    for path in paths:
        text = str(path)
        for export in remote_exports(text) if is_url(text) else local_exports(path_of("paths", path)):
            by_place.setdefault((export.place, _query_of(text)), export)
    exports = list(by_place.values())
    return Found(exports, files=len(exports), size_bytes=sum(export.size_bytes for export in exports))


def _query_of(path: str) -> str:
    """Return what tells one export from another behind the same address, though none is shown with it."""
    return urlsplit(path).query if is_web(path) else ""


def _path(value: object) -> str | Path:
    if isinstance(value, UsageRow):
        raise InvalidRequestError("Among paths there is a usage row. Give rows alone, or paths alone.")
    if not isinstance(value, str | Path):
        raise InvalidRequestError(f"A source is a path, a URL or a usage row, not {shape_of(value)}.")
    return value


def _row(value: object) -> UsageRow:
    if not isinstance(value, UsageRow):
        raise InvalidRequestError(f"Among usage rows there is {shape_of(value)}. Give rows alone, or paths alone.")
    return value
