"""A batch for code that blocks: every call is the async batch's, made on the portal's loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.contract.records import UsageRow

if TYPE_CHECKING:
    import pandas as pd


class Batch:
    """One job a row; results in the order of the rows."""

    def __init__(self, batch: AsyncBatch, portal: Portal) -> None:
        self._batch = batch
        self._portal = portal

    def run(self) -> Sequence[BatchRow]:
        """Run every row that is not finished; return all of them in the order of the input.

        Interrupting it leaves the rows that were sent running; the next `run()` waits for them and goes on.

        Raises:
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
        """
        return self._portal.call(self._batch.run)

    def start(self) -> Self:
        """Begin in the background and return at once; `wait()` for the end, `progress` meanwhile."""
        self._portal.call(self._batch.start)
        return self

    def wait(self, timeout: float | None = None) -> Sequence[BatchRow]:
        """Return all finished rows once the run in the background is over; begin it if nobody did.

        Interrupting it ends the waiting, never the run.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
        """
        return self._portal.call(self._batch.wait, timeout)

    def retry_failures(self) -> Sequence[BatchRow]:
        """Run the failed rows again, as new jobs; return all rows."""
        return self._portal.call(self._batch.retry_failures)

    def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop; `run()` would send the rest."""
        self._portal.call(self._batch.cancel)

    def usage(self) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of this batch, oldest first: what its finished rows are billed."""
        return self._portal.call(self._batch.usage)

    @property
    def results(self) -> Sequence[BatchRow]:
        """The rows that are finished, in the order of the input."""
        return self._batch.results

    @property
    def failures(self) -> Sequence[BatchRow]:
        """The rows that failed, in the order of the input."""
        return self._batch.failures

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        return self._batch.progress

    def to_pandas(self) -> pd.DataFrame:
        """Return the finished rows as a data frame: the input's columns, then ours."""
        return self._batch.to_pandas()

    def write(self, path: str | Path) -> Path:
        """Write the finished rows to a `.jsonl`, `.csv` or `.parquet` file, which appears whole or not at all.

        Raises:
            InvalidRequestError: the name has another ending, or nothing can be written there.
        """
        return self._batch.write(path)
