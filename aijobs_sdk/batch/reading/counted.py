"""How many rows a source has, where that is known at no cost."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from os import PathLike
from pathlib import Path

from aijobs_sdk.batch.reading.row_files import files_of
from aijobs_sdk.contract.errors import InvalidRequestError


def counted(source: object) -> int | None:
    """Return how many rows there are; None where only reading them would tell."""
    match source:
        case str() | PathLike():
            return _in_files(Path(source))
        case Sized() if not isinstance(source, Mapping) and not hasattr(source, "to_arrow_reader"):
            return _length(source)
        case _:  # among them a relation of DuckDB, whose length is a query
            return None


def _length(source: Sized) -> int | None:
    try:
        return len(source)
    except TypeError:  # a lazy frame has the method, and refuses
        return None


def _in_files(path: Path) -> int | None:
    try:
        return sum(map(_in_parquet, files_of(path)))
    except (InvalidRequestError, ImportError, OSError, ValueError):  # whoever reads them says what is wrong
        return None


def _in_parquet(file: Path) -> int:
    if file.suffix.lower() != ".parquet":
        raise ValueError("Only Parquet says how many rows it has.")
    import pyarrow.parquet  # noqa: PLC0415 - an extra, and large: loaded by those who read Parquet

    return pyarrow.parquet.read_metadata(file).num_rows
