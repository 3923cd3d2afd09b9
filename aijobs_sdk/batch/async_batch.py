"""Many rows through one backend, a window of them at a time; results in the order of the rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from aijobs_sdk.batch.output import write_rows
from aijobs_sdk.batch.progress import BatchProgress, Tally
from aijobs_sdk.batch.row import BatchRow, finished_row, refused_row
from aijobs_sdk.batch.rows import Row, Source, read_rows
from aijobs_sdk.batch.template import Template
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import ErrorCategory, ErrorInfo, FieldProblem, InvalidRequestError
from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.contract.model import Fact

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_CONCURRENCY = 50


class _Item(Fact):
    """A row that is ready to be asked for."""

    index: int
    inputs: Row
    model: str
    request: JobRequest


class AsyncBatch:
    """One job a row. Every row is read and every prompt filled in before the first is sent.

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
            problem = "must be 1 or more"
            raise InvalidRequestError(
                f"`concurrency` {problem}.", fields=[FieldProblem(field="concurrency", problem=problem)]
            )
        self._backend = backend
        self._concurrency = concurrency
        parameters = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
        prompts, models = Template(prompt, name="prompt"), Template(model, name="model")
        self._items = [_item(index, row, prompts, models, parameters) for index, row in enumerate(read_rows(source))]
        self._jobs: dict[int, UUID] = {}
        self._rows: dict[int, BatchRow] = {}
        self._tally = Tally()
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._stopped = False

    async def run(self) -> Sequence[BatchRow]:
        """Run every row that is not finished; return all of them in the order of the input.

        A row that fails is among them, with its error; `failures` lists these.

        Raises:
            InvalidRequestError: the very first row was refused, so that nothing was sent.
        """
        self._started_at = self._started_at or time.monotonic()
        self._stopped = False
        self._ended_at = None
        window = asyncio.Semaphore(self._concurrency)
        unfinished = [item for item in self._items if item.index not in self._rows]
        if unfinished:
            await self._send(unfinished[0])  # outside the group, which would wrap its refusal
        async with asyncio.TaskGroup() as collectors:
            for item in unfinished:
                await window.acquire()
                if self._stopped:
                    break
                if await self._send(item):
                    collectors.create_task(self._collect(item, window))
                else:
                    window.release()
        self._ended_at = time.monotonic()
        return self.results

    async def retry_failures(self) -> Sequence[BatchRow]:
        """Run the failed rows again, as new jobs; return all rows."""
        for row in self.failures:
            del self._rows[row.index]
            self._jobs.pop(row.index, None)
        self._tally = Tally.of(self._rows.values())
        return await self.run()

    async def cancel(self) -> None:
        """Send no more rows, and ask those under way to stop."""
        self._stopped = True
        for index, job_id in list(self._jobs.items()):
            if index not in self._rows:
                await self._backend.cancel(job_id)

    @property
    def results(self) -> Sequence[BatchRow]:
        """The rows that are finished, in the order of the input."""
        return [self._rows[index] for index in sorted(self._rows)]

    @property
    def failures(self) -> Sequence[BatchRow]:
        """The rows that failed, in the order of the input."""
        return [row for row in self.results if row.status is JobStatus.FAILED]

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        now = self._ended_at or time.monotonic()
        return self._tally.progress(
            total=len(self._items),
            running=len(self._jobs) - sum(index in self._rows for index in self._jobs),
            elapsed_seconds=0.0 if self._started_at is None else now - self._started_at,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the finished rows as a data frame: the input's columns, then ours."""
        import pandas as pd  # noqa: PLC0415 - the user's own, loaded by those who ask for a frame

        return pd.DataFrame.from_records([row.record() for row in self.results])

    def write(self, path: str | Path) -> Path:
        """Write the finished rows to a `.jsonl`, `.csv` or `.parquet` file, which appears whole or not at all.

        Raises:
            InvalidRequestError: the name has another ending, or its folder does not exist.
        """
        return write_rows(self.results, Path(path))

    async def _send(self, item: _Item) -> bool:
        """Return whether the row is a job now; a row that is refused is finished."""
        if item.index in self._rows or item.index in self._jobs:
            return item.index in self._jobs
        try:
            [job] = await self._backend.submit([item.request])
        except InvalidRequestError as error:
            if not self._jobs and not self._rows:
                raise
            self._finish(refused_row(item.index, item.inputs, item.model, _refusal(error)))
            return False
        self._jobs[item.index] = job.id
        return True

    async def _collect(self, item: _Item, window: asyncio.Semaphore) -> None:
        job = await self._over(self._jobs[item.index])
        self._finish(finished_row(item.index, item.inputs, item.model, job))
        window.release()

    async def _over(self, job_id: UUID) -> Job:
        async for _ in self._backend.events(job_id):
            pass
        return await self._backend.get(job_id)

    def _finish(self, row: BatchRow) -> None:
        self._rows[row.index] = row
        self._tally.add(row)


def _item(index: int, row: Row, prompt: Template, model: Template, parameters: Mapping[str, object]) -> _Item:
    text, name = prompt.fill(row, index=index), model.fill(row, index=index)
    if not text.strip():
        problem = "the prompt is empty there; fill the columns it uses or leave the row out"
        raise InvalidRequestError(
            f"Row {index}: {problem}.", code="bad_row", fields=[FieldProblem(field=f"rows[{index}]", problem=problem)]
        )
    given = {key: value for key, value in parameters.items() if value is not None}
    payload = {"prompt": text, "model": name, **given}
    request = JobRequest(type="ai_generation", payload=payload, draw_key=f"row/{index}")
    return _Item(index=index, inputs=row, model=name, request=request)


def _refusal(error: InvalidRequestError) -> ErrorInfo:
    return ErrorInfo(code=error.code, category=ErrorCategory.VALIDATION, message=error.message)
