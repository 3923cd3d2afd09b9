"""A batch for code that blocks: every call is the async batch's, made on the portal's loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from aijobs_sdk.batch.async_batch import AsyncBatch
from aijobs_sdk.batch.estimate import BatchEstimate
from aijobs_sdk.batch.failures import Failures
from aijobs_sdk.batch.on_show import BatchOnShow
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.results import Results
from aijobs_sdk.batch.row import ALL_COLUMNS, BatchRow
from aijobs_sdk.client.interrupting import letting_go
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.notebook.frontend import current_frontend
from aijobs_sdk.notebook.shown import ShowsItself

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class Batch(ShowsItself):
    """One job a row; results in the order of the rows."""

    def __init__(self, batch: AsyncBatch, portal: Portal) -> None:
        self._batch = batch
        self._portal = portal
        self._on_show = batch.on_show.at(portal)

    @property
    def on_show(self) -> BatchOnShow:
        """How it stands, and what may be asked of it, for who draws that."""
        return self._on_show

    def run(self) -> Results:
        """Run every row that is not finished; return all of them in the order of the input.

        A row that fails is among them, with its error; `failures` lists these. Interrupting it leaves the rows that
        were sent running; the next `run()` waits for them and goes on. In a notebook the batch goes on by itself, and
        a second interrupt within a second cancels it.

        Raises:
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
            BatchPausedError: it stopped before every row was finished; `reason` says why, and `run()` goes on.
            BatchHeldError: another process runs the batch of this name.
        """
        return self._wait_for(self._batch.run, instead=self._batch.start)

    def start(self) -> Self:
        """Begin in the background and return at once; `wait()` for the end, `progress` meanwhile."""
        self._portal.call(self._batch.start)
        return self

    def wait(self, timeout: float | None = None) -> Results:
        """Return all finished rows once the run in the background is over; begin it if nobody did.

        Interrupting it ends the waiting, never the run; in a notebook a second interrupt within a second cancels that.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`.
        """
        return self._wait_for(partial(self._batch.wait, timeout))

    def as_completed(self) -> Iterator[BatchRow]:
        """Yield each row as soon as it is finished, those first that are already; begin the run if nobody did.

        Leaving the loop early does not end the run.

        Raises:
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`, once every finished row was yielded.
        """
        return self._portal.iterate(self._batch.as_completed())

    def estimate(self) -> BatchEstimate:
        """Return what the rows that are not finished would cost; nothing is sent.

        Raises:
            InvalidRequestError: a row cannot be used; it is named.
        """
        return self._portal.call(self._batch.estimate)

    def refresh(self) -> Self:
        """Learn how far the batch is, where others run it or have run it.

        Raises:
            BatchNotFoundError: there is none of this name.
        """
        self._portal.call(self._batch.refresh)
        return self

    def set(
        self, *, budget: Decimal | int | str | None = None, concurrency: int | Mapping[str, int] | None = None
    ) -> None:
        """Change how the rows are run that were not sent yet; what is None stays as it is.

        A concurrency counts from the next `run()` on.

        Raises:
            InvalidRequestError: a value cannot be used.
        """
        self._portal.call(partial(self._batch.set, budget=budget, concurrency=concurrency))

    def pause(self) -> None:
        """Send no more rows, and let those under way end; `run()` goes on."""
        self._portal.call(self._batch.pause)

    def retry_failures(self) -> Results:
        """Run the failed rows again, as new jobs; return all rows.

        A run that is under way sends them again itself.
        """
        return self._wait_for(self._batch.retry_failures, instead=self._batch.runs.retry_failures)

    def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop; `run()` would send the rest."""
        self._portal.call(self._batch.cancel)

    def usage(self) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of this batch, oldest first: what its finished rows are billed."""
        return self._portal.call(self._batch.usage)

    @property
    def results(self) -> Results:
        """The rows that are finished, in the order of the input."""
        return self._batch.results

    @property
    def failures(self) -> Failures:
        """The rows that failed, in the order of the input; `by_cause()` groups them."""
        return self._batch.failures

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        return self._batch.progress

    def __reduce__(self) -> NoReturn:
        self._batch.__reduce__()

    def __repr__(self) -> str:
        return f"<Batch {self.on_show.in_a_line()}>"

    def to_pandas(self) -> pd.DataFrame:
        """Return the finished rows as a data frame: the input's columns, then ours."""
        return self._batch.to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """Return the finished rows as a data frame of polars: the input's columns, then ours."""
        return self._batch.to_polars()

    def to_arrow(self) -> pa.Table:
        """Return the finished rows as an Arrow table: the input's columns, then ours."""
        return self._batch.to_arrow()

    def write(self, path: str | Path, *, outputs: Sequence[str] = ALL_COLUMNS) -> Path:
        """Write the finished rows to a `.jsonl`, `.csv` or `.parquet` file, which appears whole or not at all.

        `outputs` are the columns that stand behind the input's.

        Raises:
            InvalidRequestError: the name has another ending, or nothing can be written there.
        """
        return self._batch.write(path, outputs=outputs)

    def _wait_for(
        self,
        run: Callable[[], Coroutine[Any, Any, Results]],
        *,
        instead: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> Results:
        """Show the batch while this runs it; in a notebook it is begun `instead` in the background, and waited for.

        There an interrupt is to end the cell, and not the work.
        """
        with self.on_show.while_called() as pulse, letting_go(self, noun="batch"):
            if instead is not None and current_frontend().is_a_notebook:
                self._portal.call(instead)
                run = self._batch.wait
            return self._portal.call(run, pulse=pulse)
