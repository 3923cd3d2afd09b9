"""Rows of tables: each library is asked in its own words, for a thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from aijobs_sdk.batch.reading.slices import ROWS_AT_A_TIME, Read, in_slices
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError

if TYPE_CHECKING:
    import pandas as pd


@runtime_checkable
class _PolarsFrame(Protocol):
    columns: list[str]

    def __len__(self) -> int: ...
    def slice(self, offset: int, length: int) -> _PolarsFrame: ...
    def select(self, exprs: str) -> _PolarsFrame: ...
    def rows(self, *, named: bool) -> Sequence[Mapping[str, object]]: ...


@runtime_checkable
class _PolarsLazyFrame(Protocol):
    def collect_batches(self, *, chunk_size: int) -> Iterator[_PolarsFrame]: ...


@runtime_checkable
class _ArrowBatch(Protocol):
    """A batch or an array."""

    def __len__(self) -> int: ...
    def slice(self, offset: int, length: int) -> _ArrowBatch: ...
    def to_pylist(self) -> Sequence[object]: ...


@runtime_checkable
class _ArrowTable(Protocol):
    """A table or a scanner."""

    def to_batches(self) -> Iterable[_ArrowBatch]: ...


class _ArrowSchema(Protocol):
    names: list[str]


@runtime_checkable
class _ArrowRecords(_ArrowBatch, Protocol):
    """A batch, and no array."""

    schema: _ArrowSchema

    def column(self, i: str) -> _ArrowBatch: ...


@runtime_checkable
class _ArrowDataset(Protocol):
    schema: _ArrowSchema

    def scanner(self) -> _ArrowTable: ...
    def to_batches(self, *, batch_size: int, batch_readahead: int, fragment_readahead: int) -> Iterable[_ArrowBatch]:
        """By default it reads millions of rows ahead."""
        ...


@runtime_checkable
class _ArrowReader(Protocol):
    schema: _ArrowSchema

    def read_next_batch(self) -> _ArrowBatch: ...
    def __iter__(self) -> Iterator[_ArrowBatch]: ...
    def close(self) -> None: ...


@runtime_checkable
class _DuckDBRelation(Protocol):
    def to_arrow_reader(self, batch_size: int) -> _ArrowReader: ...


def keeps_others_waiting(source: object) -> bool:
    """Return whether a source, once begun, has to be read to its end before its owner can use its connection."""
    return isinstance(source, _DuckDBRelation)


def rows_of_table(source: object) -> Iterable[object] | None:
    """Return the rows of a table, as mappings; None if it is none.

    Raises:
        InvalidRequestError: two of its columns have one name, and one would be lost.
        ConfigurationError: reading a DuckDB relation needs the `parquet` extra.
    """
    if isinstance(source, _PolarsLazyFrame):  # first, as asking it for its columns would be work
        return _of_lazy_polars(source)
    _check_columns(source)
    match source:
        case _DuckDBRelation():  # before polars, of whose methods it has one
            return _of_a_query(source)
        case _PolarsFrame():
            return _of_polars(source)
        case _ArrowDataset():
            return _of_arrow(
                source.to_batches(batch_size=ROWS_AT_A_TIME, batch_readahead=2, fragment_readahead=1),
            )
        case _ArrowTable():
            return _of_arrow(source.to_batches())
        case _ArrowReader():
            return _of_arrow(source)
        case _ArrowBatch():
            return _of_arrow([source])
        case _ if hasattr(source, "iloc") and hasattr(source, "columns"):
            return _of_pandas(cast("pd.DataFrame", source))
        case _:
            return None


def name_used_twice(names: Sequence[str]) -> str | None:
    """Return the first name that two columns have, of which a row could hold but one."""
    return next((name for name in names if names.count(name) > 1), None)


def _check_columns(table: object) -> None:
    if twice := name_used_twice([*map(str, _column_names(table))]):
        raise InvalidRequestError(f"The table has two columns {twice!r}. Rename one of them.", code="bad_rows")


def _column_names(table: object) -> Iterable[object]:
    names: Iterable[object] | None = getattr(table, "column_names", None)  # Arrow, which calls the cells `columns`
    if names is None and isinstance(table, _ArrowDataset | _ArrowReader):
        names = table.schema.names
    return getattr(table, "columns", ()) if names is None else names


def _of_lazy_polars(frame: _PolarsLazyFrame) -> Iterator[object]:
    for some in frame.collect_batches(chunk_size=ROWS_AT_A_TIME):
        yield from _of_polars(some)


def _of_polars(frame: _PolarsFrame) -> Iterator[object]:
    def by_column() -> dict[str, Read]:
        return {name: _polars_rows(frame.select(name)) for name in frame.columns}

    return in_slices(len(frame), _polars_rows(frame), by_column=by_column)


def _polars_rows(frame: _PolarsFrame) -> Read:
    return lambda start, length: frame.slice(start, length).rows(named=True)


def _of_pandas(frame: pd.DataFrame) -> Iterator[object]:
    def by_column() -> dict[str, Read]:
        return {str(name): _pandas_rows(frame[[name]]) for name in frame.columns}

    return in_slices(len(frame), _pandas_rows(frame), by_column=by_column)


def _pandas_rows(frame: pd.DataFrame) -> Read:
    return lambda start, length: frame.iloc[start : start + length].to_dict("records")


def _of_arrow(batches: Iterable[_ArrowBatch]) -> Iterator[object]:
    """Yield the rows of batches, which may be large, in slices."""
    for batch in batches:
        yield from rows_of_arrow(batch)


def rows_of_arrow(batch: _ArrowBatch) -> Iterator[object]:
    """Yield the rows of a batch, or the values of an array."""

    def by_column() -> dict[str, Read]:
        names = batch.schema.names if isinstance(batch, _ArrowRecords) else ()
        return {name: _arrow_rows(cast("_ArrowRecords", batch).column(name)) for name in names}

    return in_slices(len(batch), _arrow_rows(batch), by_column=by_column)


def _arrow_rows(batch: _ArrowBatch) -> Read:
    return lambda start, length: batch.slice(start, length).to_pylist()


def _of_a_query(relation: _DuckDBRelation) -> Iterator[object]:
    try:
        reader = relation.to_arrow_reader(ROWS_AT_A_TIME)
    except ImportError:
        raise ConfigurationError(
            "Reading a DuckDB relation needs pyarrow: pip install 'aijobs-sdk[parquet]'."
        ) from None
    with closing(reader):  # until then its connection takes no other query
        yield from _of_arrow(reader)
