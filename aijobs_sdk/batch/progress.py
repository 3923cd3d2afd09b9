"""How far a batch is: a snapshot that costs nothing to take."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.contract.job import JobStatus


class BatchProgress(NamedTuple):
    """Counts and sums of a batch at one moment."""

    total: int
    completed: int
    failed: int
    running: int
    retries: int
    """Attempts beyond the first, of the rows that are finished."""
    input_tokens: int
    output_tokens: int
    credits: Decimal
    elapsed_seconds: float

    @property
    def finished(self) -> int:
        """Rows that are over, one way or another."""
        return self.completed + self.failed

    @property
    def rows_per_second(self) -> float:
        """Finished rows by the time they took."""
        return self.finished / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """How long the rest will take at this rate; None before the first row is finished."""
        return (self.total - self.finished) / self.rows_per_second if self.rows_per_second else None


class Tally:
    """Adds up finished rows."""

    def __init__(self) -> None:
        self._completed = self._failed = self._retries = 0
        self._input_tokens = self._output_tokens = 0
        self._credits = Decimal(0)

    def add(self, row: BatchRow) -> None:
        """Count one more finished row."""
        self._completed += row.status is JobStatus.COMPLETED
        self._failed += row.status is JobStatus.FAILED
        self._retries += max(0, row.attempts - 1)
        self._input_tokens += row.input_tokens or 0
        self._output_tokens += row.output_tokens or 0
        self._credits += row.credits or 0

    @classmethod
    def of(cls, rows: Iterable[BatchRow]) -> Tally:
        """Return the tally of these rows."""
        tally = cls()
        for row in rows:
            tally.add(row)
        return tally

    def progress(self, *, total: int, running: int, elapsed_seconds: float) -> BatchProgress:
        """Return the snapshot of this moment."""
        return BatchProgress(
            total=total,
            completed=self._completed,
            failed=self._failed,
            running=running,
            retries=self._retries,
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            credits=self._credits,
            elapsed_seconds=elapsed_seconds,
        )
