"""Many rows through one backend: checked first, sent in lanes, collected in the order of the input."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Unpack, cast

from aijobs_sdk.batch.arguments import BatchArguments
from aijobs_sdk.batch.asked import check_asks_nothing, options_of, recipe_of
from aijobs_sdk.batch.economy.rounds import advice
from aijobs_sdk.batch.estimate import BatchEstimate, estimate_batch
from aijobs_sdk.batch.failures import Failures
from aijobs_sdk.batch.intake import Intake, check_lanes
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.on_show import BatchOnShow
from aijobs_sdk.batch.operation.operation import Operation
from aijobs_sdk.batch.own_process import Detacher
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.reading.rows import Source, open_rows
from aijobs_sdk.batch.results import Results
from aijobs_sdk.batch.row import ALL_COLUMNS, BatchRow, RowStatus
from aijobs_sdk.batch.running.lanes import Lanes
from aijobs_sdk.batch.running.work import read_work
from aijobs_sdk.batch.runs import Runs
from aijobs_sdk.batch.waiting_rows import WaitingRows
from aijobs_sdk.batch.writing.frames import to_arrow, to_pandas, to_polars
from aijobs_sdk.batch.writing.output import write_rows
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.contract.refusal import bad_argument, path_of
from aijobs_sdk.contract.shapes import refuse_unknown
from aijobs_sdk.notebook.shown import ShowsItself

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

CLOCK_SKEW = timedelta(minutes=1)
"""How far apart the clocks of those who write jobs and those who write usage may be."""


class AsyncBatch(ShowsItself):
    """One answer a row. Every row is read, filled in and checked before the first is sent.

    A row that cannot be used, for an empty prompt, an unknown model or a prompt past its context window, is refused
    with its number while nothing is paid for: the first hundred rows when the batch is made, all of them before it
    runs. What a backend refuses later fails that row and leaves the others alone.

    `run()` may be called again: rows that are finished are not sent twice, and those under way are waited for. With a
    `name` that holds for the next process as well, and for the same rows under another order.

    Raises:
        InvalidRequestError: an argument, a row or a template cannot be used; the row is named, and nothing was sent.
    """

    def __init__(
        self,
        backend: Backend,
        source: Source = None,
        *,
        detacher: Detacher | None = None,
        **arguments: Unpack[BatchArguments],
    ) -> None:
        refuse_unknown("batch", arguments, BatchArguments.__annotations__)
        name, options = arguments.get("name"), options_of(arguments)
        intake = None
        if source is not None:
            intake = Intake(open_rows(source), recipe_of(arguments), economy=options.economy)
        elif name is None:
            raise bad_argument("source", "is left out: give rows, or the `name` of a batch that has some already")
        else:
            check_asks_nothing(arguments)
        self._backend = backend
        self._operation = Operation(
            backend,
            name=name,
            intake=intake,
            options=options,
            output_model=arguments.get("output_model"),
            detacher=detacher,
            tell=self._tell_of,
        )
        self._audience: set[WaitingRows] = set()
        self.runs = Runs(self._operation, tell_the_end=self._tell_the_end)
        """One at a time, for who runs it on another loop."""
        self._on_show = BatchOnShow(self._operation, self.runs, self.runs.place)

    @property
    def on_show(self) -> BatchOnShow:
        """How it stands, and what may be asked of it, for who draws that."""
        return self._on_show

    async def run(self) -> Results:
        """Run every row that is not finished; return all of them in the order of the input.

        A row that fails is among them, with its error; `failures` lists these. Cancelling this call leaves the rows
        that were sent running; the next `run()` waits for them and goes on.

        Raises:
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
            BatchPausedError: it stopped before every row was finished; `reason` says why, and `run()` goes on.
            BatchHeldError: another process runs the batch of this name.
        """
        with self.on_show.while_called():
            await self.runs.run()
        return self.results

    async def start(self) -> None:
        """Begin in the background and return at once; `wait()` for the end, `progress` meanwhile."""
        self.runs.start()

    async def wait(self, timeout: float | None = None) -> Results:  # noqa: ASYNC109 - one meaning everywhere: seconds this call may take
        """Return all finished rows once the run in the background is over; begin it if nobody did.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`.
        """
        with self.on_show.while_called():
            await self.runs.wait(timeout)
        return self.results

    async def as_completed(self) -> AsyncGenerator[BatchRow]:
        """Yield each row as soon as it is finished, those first that are already; begin the run if nobody did.

        Leaving the loop early does not end the run.

        Raises:
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`, once every finished row was yielded.
        """
        finished = WaitingRows()
        # Of those that are over before all rows are in, it is told then.
        for over in self._ledger.over() if self._operation.known.is_loaded else ():
            finished.put_nowait(over)
        self._audience.add(finished)
        try:
            run = self.runs.start()
            while (index := await finished.get()) is not None or self.runs.has_an_end_to_come:
                if index is not None and self._ledger.is_over(index):  # else it is asked again, and told of once more
                    yield self._ledger.row(index)
            await self.runs.until_over(run)
        finally:
            self._audience.discard(finished)

    async def retry_failures(self) -> Results:
        """Run the failed rows again, as new jobs; return all rows.

        A run that is under way sends them again itself.
        """
        with self.on_show.while_called():
            await self.runs.reopen_failures()
            await self.runs.run()
        return self.results

    async def estimate(self) -> BatchEstimate:
        """Return what the rows that are not finished would cost; nothing is sent.

        Raises:
            InvalidRequestError: a row cannot be used; it is named.
        """
        await self._operation.books.load()
        await self._operation.books.catch_up()
        known = self._operation.known
        await check_lanes(known.options.concurrency, self._ledger, self._backend)
        lanes, economy = Lanes(known.options.concurrency), known.options.economy
        estimate = await estimate_batch(self._ledger, self._backend, lanes=lanes, economy=economy)
        if not economy:
            return estimate
        return estimate.replace(advice=await advice(self._ledger, self._backend, known.budget))

    async def refresh(self) -> None:
        """Learn how far the batch is, where others run it or have run it.

        Raises:
            BatchNotFoundError: there is none of this name.
        """
        await self._operation.books.refresh()

    async def set(
        self, *, budget: Decimal | int | str | None = None, concurrency: int | Mapping[str, int] | None = None
    ) -> None:
        """Change how the rows are run that were not sent yet; what is None stays as it is.

        A concurrency counts from the next `run()` on.

        Raises:
            InvalidRequestError: a value cannot be used.
        """
        await self._operation.steering.change(budget=budget, concurrency=concurrency)

    async def pause(self) -> None:
        """Send no more rows, and let those under way end; `run()` goes on."""
        await self._operation.steering.pause()

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop; `run()` would send the rest."""
        await self._operation.steering.cancel()

    async def usage(self) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of this batch, oldest first: what its finished rows are billed."""
        jobs = self._ledger.jobs()
        if not jobs.ids:
            return []
        rows = await self._backend.usage(since=jobs.since - CLOCK_SKEW, until=jobs.until + CLOCK_SKEW)
        return [row for row in rows if row.metadata.get("job_id") in jobs.ids and self._is_of_a_row(row)]

    def _is_of_a_row(self, usage: UsageRow) -> bool:
        """Return False for what was answered together with these rows, and is asked no more."""
        work = read_work(cast("str | None", usage.metadata.get("item")))
        return work is None or self._ledger.find(work.key, work.copy) is not None

    @property
    def results(self) -> Results:
        """The rows that are finished, in the order of the input."""
        return Results(self._ledger, self._ledger.over())

    @property
    def failures(self) -> Failures:
        """The rows that failed, in the order of the input; `by_cause()` groups them."""
        return Failures(Results(self._ledger, self._ledger.over(RowStatus.FAILED)))

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        return self._operation.known.progress

    def to_pandas(self) -> pd.DataFrame:
        """Return the finished rows as a data frame: the input's columns, then ours."""
        return to_pandas(self.results, columns=self._ledger.columns, fields=self._ledger.answer_columns)

    def to_polars(self) -> pl.DataFrame:
        """Return the finished rows as a data frame of polars: the input's columns, then ours."""
        return to_polars(self.results, columns=self._ledger.columns, fields=self._ledger.answer_columns)

    def to_arrow(self) -> pa.Table:
        """Return the finished rows as an Arrow table: the input's columns, then ours."""
        return to_arrow(self.results, columns=self._ledger.columns, fields=self._ledger.answer_columns)

    def write(self, path: str | Path, *, outputs: Sequence[str] = ALL_COLUMNS) -> Path:
        """Write the finished rows to a `.jsonl`, `.csv` or `.parquet` file, which appears whole or not at all.

        `outputs` are the columns that stand behind the input's.

        Raises:
            InvalidRequestError: the name has another ending, or nothing can be written there.
        """
        ledger = self._ledger
        fields = ledger.answer_columns if tuple(outputs) == ALL_COLUMNS else None
        return write_rows(self.results, path_of("path", path), columns=ledger.columns, outputs=outputs, fields=fields)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A batch cannot be pickled or copied. Take its `results`; or give it a `name`, by which "
            "`client.batch(name=…)` finds it elsewhere."
        )

    def __repr__(self) -> str:
        return f"<AsyncBatch {self.on_show.in_a_line()}>"

    def _shown_from_here(self) -> BatchOnShow:
        self.runs.place.note()  # it may be steered on the loop of whoever puts it on show
        return self._on_show

    @property
    def _ledger(self) -> Ledger:
        return self._operation.known.ledger

    def _tell_of(self, rows: Sequence[int]) -> None:
        for finished in self._audience:
            for index in rows:
                finished.put_nowait(index)

    def _tell_the_end(self) -> None:
        for finished in self._audience:
            finished.put_nowait(None)
