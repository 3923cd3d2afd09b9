"""Many rows through one backend, a window of them at a time; results in the order of the rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from aijobs_sdk.batch.item import Item, fill
from aijobs_sdk.batch.output import write_rows
from aijobs_sdk.batch.progress import BatchProgress, Tally
from aijobs_sdk.batch.refusal import bad_argument, refusal_of
from aijobs_sdk.batch.row import BatchRow, finished_row, refused_row
from aijobs_sdk.batch.rows import Source, read_rows
from aijobs_sdk.batch.stopwatch import Stopwatch
from aijobs_sdk.batch.template import Template
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.records import UsageRow

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_CONCURRENCY = 50
CHECKED_AT_ONCE = 100
CLOCK_SKEW = timedelta(minutes=1)
"""How far apart the clocks of those who write jobs and those who write usage may be."""


class AsyncBatch:
    """One job a row. Every row is read, filled in and checked before the first is sent.

    A row that cannot be used, for an empty prompt, an unknown model or a prompt past its context window, is refused
    with its number while nothing is paid for. What a backend refuses later fails that row and leaves the others alone.

    `run()` may be called again: rows that are finished are not sent twice, and those under way are waited for.

    Args:
        backend: where the jobs go.
        source: a path (`.jsonl`, `.csv`, `.parquet`), a list, or a data frame.
        prompt: a template over the columns, such as `Summarise: {text}`.
        model: a model's name, or a template such as `{model}`.
        concurrency: rows under way at the same time.

    Raises:
        InvalidRequestError: a row or a template cannot be used; the row is named, and nothing was sent.
    """

    def __init__(
        self,
        backend: Backend,
        source: Source,
        *,
        prompt: str,
        model: str,
        system: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
    ) -> None:
        if concurrency < 1:
            raise bad_argument("concurrency", "must be 1 or more")
        prompts, models = Template(prompt, name="prompt"), Template(model, name="model")
        rows = enumerate(read_rows(source))
        parameters = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
        self._backend = backend
        self._concurrency = concurrency
        self._parameters = {name: value for name, value in parameters.items() if value is not None}
        self._items = [fill(row, index=index, prompt=prompts, model=models) for index, row in rows]
        self._id = uuid4()
        self._under_way: dict[int, UUID] = {}
        self._rows: dict[int, BatchRow] = {}
        self._retries: Counter[int] = Counter()
        self._tally = Tally()
        self._watch = Stopwatch()
        self._stopping = False
        self._one_at_a_time = asyncio.Lock()
        self._background: asyncio.Task[Sequence[BatchRow]] | None = None

    async def run(self) -> Sequence[BatchRow]:
        """Run every row that is not finished; return all of them in the order of the input.

        A row that fails is among them, with its error; `failures` lists these. Cancelling this call leaves the rows
        that were sent running; the next `run()` waits for them and goes on.

        Raises:
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
        """
        self._stopping = False
        async with self._one_at_a_time:  # a second run finds the rows of the first one finished
            with self._watch.running(asyncio.get_running_loop().time):
                await self._run_unfinished()
        return self.results

    async def start(self) -> None:
        """Begin in the background and return at once; `wait()` for the end, `progress` meanwhile."""
        if self._background is None or self._background.done():
            self._background = asyncio.create_task(self.run())

    async def wait(self, timeout: float | None = None) -> Sequence[BatchRow]:  # noqa: ASYNC109 - one meaning everywhere: seconds this call may take
        """Return all finished rows once the run in the background is over; begin it if nobody did.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError: a row cannot be used; it is named, and nothing was sent.
        """
        if self._background is None or self._background.cancelled():
            await self.start()
        run = self._background
        assert run is not None  # noqa: S101 - start() has seen to it
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(run)
        except TimeoutError:
            if run.done():
                raise
            done = self.progress
            raise TimeoutError(
                f"{done.finished} of {done.total} rows are finished after {timeout:g} s; the batch keeps running. "
                "Wait again, or cancel() it."
            ) from None
        return self.results

    async def retry_failures(self) -> Sequence[BatchRow]:
        """Run the failed rows again, as new jobs; return all rows."""
        for row in self.failures:
            del self._rows[row.index]
            self._retries[row.index] += 1
        self._tally = Tally.of(self._rows.values())
        return await self.run()

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop; `run()` would send the rest."""
        self._stopping = True
        for job_id in list(self._under_way.values()):
            await self._backend.cancel(job_id)

    async def usage(self) -> Sequence[UsageRow]:
        """Return the `query_usage` rows of this batch, oldest first: what its finished rows are billed."""
        jobs = {str(row.job_id): row for row in self._rows.values() if row.submitted_at and row.completed_at}
        if not jobs:
            return []
        since = min(row.submitted_at for row in jobs.values() if row.submitted_at) - CLOCK_SKEW
        until = max(row.completed_at for row in jobs.values() if row.completed_at) + CLOCK_SKEW
        return [
            row for row in await self._backend.usage(since=since, until=until) if row.metadata.get("job_id") in jobs
        ]

    @property
    def results(self) -> Sequence[BatchRow]:
        """The rows that are finished, in the order of the input."""
        return sorted(self._rows.values(), key=lambda row: row.index)

    @property
    def failures(self) -> Sequence[BatchRow]:
        """The rows that failed, in the order of the input."""
        return [row for row in self.results if row.status is JobStatus.FAILED]

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        return self._tally.progress(
            total=len(self._items), running=len(self._under_way), elapsed_seconds=self._watch.seconds
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the finished rows as a data frame: the input's columns, then ours."""
        import pandas as pd  # noqa: PLC0415 - the user's own, loaded by those who ask for a frame

        return pd.DataFrame.from_records([row.record() for row in self.results])

    def write(self, path: str | Path) -> Path:
        """Write the finished rows to a `.jsonl`, `.csv` or `.parquet` file, which appears whole or not at all.

        Raises:
            InvalidRequestError: the name has another ending, or nothing can be written there.
        """
        return write_rows(self.results, Path(path))

    async def _run_unfinished(self) -> None:
        unfinished = [item for item in self._items if item.index not in self._rows]
        await self._check([item for item in unfinished if item.index not in self._under_way])
        waiting = iter(unfinished)
        try:
            async with asyncio.TaskGroup() as window:
                for _ in range(min(self._concurrency, len(unfinished))):
                    window.create_task(self._run_rows(waiting))
        except BaseExceptionGroup as group:
            first = group.exceptions[0]
            raise first from first.__cause__  # as itself: the caller knows of no group

    async def _check(self, items: Sequence[Item]) -> None:
        refused: dict[int, InvalidRequestError] = {}
        for start in range(0, len(items), CHECKED_AT_ONCE):
            some = items[start : start + CHECKED_AT_ONCE]
            found = await self._backend.refusals([self._request(item) for item in some])
            refused |= {some[place].index: error for place, error in found.items()}
            await asyncio.sleep(0)  # others run on this loop too
        if refused:
            raise refusal_of(refused)

    async def _run_rows(self, waiting: Iterator[Item]) -> None:
        for item in waiting:
            if self._stopping and item.index not in self._under_way:
                continue
            if await self._send(item):
                await self._collect(item)

    async def _send(self, item: Item) -> bool:
        """Return whether the row is under way now; a row that is refused is finished."""
        if item.index in self._under_way:
            return True
        try:
            [job] = await self._backend.submit([self._request(item)])
        except InvalidRequestError as error:  # such as a limit that the check did not meet
            self._finish(refused_row(item.index, item.inputs, item.model, error))
            return False
        self._under_way[item.index] = job.id
        if self._stopping:  # cancel() was called while nobody knew the job's id
            await self._backend.cancel(job.id)
        return True

    def _request(self, item: Item) -> JobRequest:
        return item.request(self._id, retry=self._retries[item.index], parameters=self._parameters)

    async def _collect(self, item: Item) -> None:
        job = await self._over(self._under_way[item.index])
        del self._under_way[item.index]
        self._finish(finished_row(item.index, item.inputs, item.model, job))

    async def _over(self, job_id: UUID) -> Job:
        async with aclosing(self._backend.events(job_id)) as events:
            async for _ in events:
                pass
        return await self._backend.get(job_id)

    def _finish(self, row: BatchRow) -> None:
        self._rows[row.index] = row
        self._tally.add(row)
