"""The rows of a batch as a sequence: each is read when it is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, overload

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.showing import rows_table
from aijobs_sdk.contract.showing import counted


class _Rows(Protocol):
    """Where rows are read."""

    def row(self, index: int, /) -> BatchRow: ...


class _Copied(NamedTuple):
    """Rows that were taken along, to where their batch is not."""

    rows: Mapping[int, BatchRow]

    def row(self, index: int, /) -> BatchRow:
        return self.rows[index]


class Results(Sequence[BatchRow]):
    """Rows of a batch in the order of the input: those that were over when this was made, each as it stands now.

    Pickled or copied deeply it holds the rows themselves, as they are then.
    """

    def __init__(self, ledger: _Rows, indices: Iterable[int]) -> None:
        self._ledger = ledger
        self._indices = array("q", indices)  # eight bytes each: a million rows are no small list

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[BatchRow]:
        return map(self._ledger.row, self._indices)

    @overload
    def __getitem__(self, place: int) -> BatchRow: ...
    @overload
    def __getitem__(self, place: slice) -> Results: ...
    def __getitem__(self, place: int | slice) -> BatchRow | Results:
        if isinstance(place, slice):
            return Results(self._ledger, self._indices[place])
        return self._ledger.row(self._indices[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Results | list) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Results:
        return self[:]

    def __reduce__(self) -> tuple[object, ...]:
        return Results, (_Copied({row.index: row for row in self}), self._indices)

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'row')} of a batch>"

    def _repr_html_(self) -> str:
        return rows_table(self)
