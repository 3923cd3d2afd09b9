"""How a vendor's own batch goes: when which of its rows is answered, and what ends it. It knows no clock.

A row is whatever the host answers: a request of ours, or a line of a file. Rows are answered when somebody looks, as of
the second at which each was due, so that thousands of them cost nothing until then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Generic, NamedTuple, TypeVar

from aijobs_sdk.contract.economy import BatchOutcome, RemoteState
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.simulation.faults import BatchFault
from aijobs_sdk.simulation.profiles import Turnaround

LIFETIME = timedelta(hours=24)
"""How long a vendor works on a batch, at most."""
CANCELLING = timedelta(seconds=10)
"""How long it takes until a batch that is being cancelled is over: own choice, of up to ten minutes at OpenAI."""
_CHECKING = 0.05
"""The part of its time in which a batch is only looked through: own choice."""

Row = TypeVar("Row")
Answer = TypeVar("Answer")


class _Due(NamedTuple, Generic[Row]):
    at: datetime
    row: Row


class Course(Generic[Row, Answer]):
    """One batch on its way."""

    def __init__(
        self,
        rows: Sequence[Row],
        faults: Sequence[BatchFault | None],
        answer: Callable[[Row, datetime], Answer],
        *,
        turnaround: Turnaround,
        draws: Random,
        created_at: datetime,
    ) -> None:
        """Begin a batch; `faults` has what goes wrong on account of each row."""
        self.size = len(rows)
        self.created_at = created_at
        self.expires_at = created_at + LIFETIME
        self.answered: list[tuple[Row, Answer]] = []
        """In the order in which they were."""
        self.cancelled_at: datetime | None = None
        self.has_no_output = BatchFault.NO_OUTPUT in faults
        self._fails = BatchFault.QUEUE_FULL in faults
        self._answer = answer
        takes = turnaround.draw_seconds(draws)
        self.begins_at = created_at + timedelta(seconds=_CHECKING * takes)
        self._never = [row for row, fault in zip(rows, faults, strict=True) if fault is BatchFault.EXPIRED]
        others = [row for row, fault in zip(rows, faults, strict=True) if fault is not BatchFault.EXPIRED]
        self._due = deque(_in_turn(others, self.begins_at, takes * (1 - _CHECKING), draws))
        last = self._due[-1].at if self._due else created_at
        self._ends_at = self.begins_at if self._fails else self.expires_at if self._never else last

    @property
    def ends_at(self) -> datetime:
        """When it is over, as far as can be told now."""
        ends_at = min(self._ends_at, self.expires_at)
        return ends_at if self.cancelled_at is None else min(ends_at, self.cancelled_at + CANCELLING)

    @property
    def left(self) -> Sequence[Row]:
        """The rows that were not answered."""
        return [*(due.row for due in self._due), *self._never]

    def look(self, now: datetime) -> RemoteState:
        """Answer what is due by now, and return where the batch stands."""
        if not self._fails:
            self._work(until=min(now, self.cancelled_at or now, self.expires_at))
        if now < self.ends_at:
            return RemoteState.WORKING
        if self._fails:
            return RemoteState.FAILED if self.cancelled_at is None else RemoteState.CANCELLED
        if not self.left:
            return RemoteState.ENDED
        return RemoteState.EXPIRED if self.cancelled_at is None else RemoteState.CANCELLED

    def cancel(self, now: datetime) -> None:
        """Answer nothing from now on; a batch that is over, or being cancelled, stays as it is."""
        if not self.look(now).is_final and self.cancelled_at is None:
            self.cancelled_at = now

    def _work(self, *, until: datetime) -> None:
        while self._due and self._due[0].at <= until:
            due = self._due.popleft()
            self.answered.append((due.row, self._answer(due.row, due.at)))


def _in_turn(rows: Sequence[Row], begins_at: datetime, seconds: float, draws: Random) -> list[_Due[Row]]:
    """Return the rows in the order in which they are answered, the last one when all of the time has passed."""
    shares = [draws.random() for _ in rows]
    latest = max(shares, default=1.0) or 1.0
    dues = [
        _Due(begins_at + timedelta(seconds=seconds * share / latest), row)
        for row, share in zip(rows, shares, strict=True)
    ]
    return sorted(dues, key=lambda due: due.at)


class DirectBatch(NamedTuple):
    """A batch that was taken without a wire."""

    id: str
    mark: str
    endpoint: str | None
    course: Course[GenerationRequest, BatchOutcome]
