"""The rows of a batch as a sequence: each is read when it is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.batch.showing import rows_table
from aijobs_sdk.contract.showing import counted


class Results(Sequence[BatchRow]):
    """Rows of a batch in the order of the input, as they were when this was made."""

    def __init__(self, ledger: Ledger, indices: Iterable[int]) -> None:
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

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'row')} of a batch>"

    def _repr_html_(self) -> str:
        return rows_table(self)
