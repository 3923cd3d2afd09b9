"""The journal of a named batch: what a crash leaves, and what the same call goes on from."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID, uuid4

from pydantic import JsonValue

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.journal.holders import is_dead
from aijobs_sdk.batch.options import BatchOptions, read_options
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import (
    JOURNAL_VERSION,
    MOST_ROWS_AT_ONCE,
    BatchChange,
    BatchRecord,
    BatchRequest,
    BatchStanding,
    BatchWish,
    Hold,
    Holder,
)
from aijobs_sdk.contract.errors import BatchHeldError, ConfigurationError
from aijobs_sdk.contract.job import Job, JobQuery

HOLD_SECONDS = 30.0
JOBS_AT_ONCE = 1000
CHUNKS_AT_ONCE = 10
"""Jobs of up to a thousand rows each, with all that was answered."""
DIGEST = "rows_digest"
INPUTS_DIGEST = "inputs_digest"
COLUMNS = "input_columns"
CANCELLED_JOBS = "cancelled_jobs"


class Journal:
    """One batch of a backend, by its name."""

    def __init__(self, backend: Backend, record: BatchRecord) -> None:
        self._backend = backend
        self.record = record
        """As it was read last."""

    @classmethod
    async def open(cls, backend: Backend, name: str, options: BatchOptions) -> Journal:
        """Return the journal of this name; begin it where there is none.

        Raises:
            ConfigurationError: a newer version of this SDK wrote it.
        """
        request = BatchRequest(name=name, settings=options.model_dump(mode="json"))
        return cls._known(backend, await backend.open_batch(request))

    @classmethod
    async def find(cls, backend: Backend, name: str) -> Journal:
        """Return the journal of this name.

        Raises:
            BatchNotFoundError: there is none.
            ConfigurationError: a newer version of this SDK wrote it.
        """
        return cls._known(backend, await backend.batch(name))

    @classmethod
    def _known(cls, backend: Backend, record: BatchRecord) -> Journal:
        if record.version > JOURNAL_VERSION:
            raise ConfigurationError(
                f"The journal of batch {record.name!r} is of version {record.version}, and this SDK reads up to "
                f"{JOURNAL_VERSION}. Update the SDK: pip install -U aijobs-sdk."
            )
        return cls(backend, record)

    @property
    def id(self) -> UUID:
        """The batch's."""
        return self.record.id

    @property
    def options(self) -> BatchOptions:
        """How its rows are to be run."""
        return read_options(self.record.settings)

    async def refresh(self) -> BatchRecord:
        """Return the record as it stands now."""
        self.record = await self._backend.batch(self.record.name)
        return self.record

    @property
    def digest(self) -> str:
        """What tells its rows from others: empty where they are not all kept."""
        return str(self.record.settings.get(DIGEST, ""))

    @property
    def inputs_digest(self) -> str:
        """What tells their columns from those of rows that ask the same: empty where an earlier version kept them."""
        return str(self.record.settings.get(INPUTS_DIGEST, ""))

    @property
    def columns(self) -> Columns | None:
        """Which columns its rows have, and of which kinds they were before they were kept; None where none are."""
        written = self.record.settings.get(COLUMNS)
        return Columns.from_json(written) if isinstance(written, Mapping) else None

    @property
    def cancelled_jobs(self) -> frozenset[str]:
        """Which jobs somebody has cancelled by themselves: their rows failed of it, as of nothing that ends a run."""
        noted = self.record.settings.get(CANCELLED_JOBS)
        return frozenset(map(str, noted)) if isinstance(noted, Sequence) else frozenset()

    async def note_cancelled(self, job_ids: Iterable[UUID]) -> None:
        """Add to these jobs."""
        all_of_them = self.cancelled_jobs.union(map(str, job_ids))
        if all_of_them != self.cancelled_jobs:
            noted: list[JsonValue] = [*sorted(all_of_them)]
            await self._change(BatchChange(settings={CANCELLED_JOBS: noted}))

    async def change(
        self,
        *,
        options: BatchOptions | None = None,
        digest: str | None = None,
        inputs_digest: str | None = None,
        columns: Columns | None = None,
        rows: int | None = None,
        wish: BatchWish | None = None,
    ) -> None:
        """Change what is said about it; None, and what is not said of `options`, leaves a thing as it is."""
        said: dict[str, JsonValue] = {} if options is None else options.model_dump(mode="json", exclude_unset=True)
        said |= {} if digest is None else {DIGEST: digest}
        said |= {} if inputs_digest is None else {INPUTS_DIGEST: inputs_digest}
        said |= {} if columns is None else {COLUMNS: columns.to_json()}
        await self._change(BatchChange(settings=said or None, rows=rows, wish=wish))

    async def _change(self, change: BatchChange) -> None:
        before = self.record.settings
        self.record = await self._backend.change_batch(self.id, change)
        if change.settings is not None and not before.keys() <= self.record.settings.keys():
            # A server of an earlier version keeps those that are said, and no others.
            whole = BatchChange(settings={**before, **change.settings})
            self.record = await self._backend.change_batch(self.id, whole)

    async def hold(self, holder: Holder, standing: BatchStanding | None = None) -> BatchRecord:
        """Be the one that runs it, from now on or still; one that is known to be dead is no hindrance.

        Raises:
            BatchHeldError: another process is.
        """
        hold = Hold(holder, HOLD_SECONDS, standing)
        try:
            self.record = await self._backend.hold_batch(self.id, hold)
        except BatchHeldError:
            other = (await self.refresh()).holder
            if other is not None and (other.token == holder.token or not is_dead(other)):
                raise
            instead_of = None if other is None else other.token
            self.record = await self._backend.hold_batch(self.id, hold._replace(instead_of=instead_of))
        return self.record

    async def let_go(self, holder: Holder, standing: BatchStanding) -> None:
        """Let others run it."""
        self.record = await self._backend.hold_batch(self.id, Hold(holder, 0, standing))

    async def keep(self, items: Iterable[Item], *, total: int) -> None:
        """Keep these rows, and forget those behind them."""
        await self.change(digest="")  # until all of them are kept, they are neither these nor the old ones
        waiting = iter(items)
        while some := [item.to_record() for item in islice(waiting, MOST_ROWS_AT_ONCE)]:
            await self._backend.put_batch_rows(self.id, some)
        await self.change(rows=total)

    async def items(self) -> AsyncGenerator[Item]:
        """Yield the rows that are kept, in their order."""
        start = 0
        while some := await self._backend.batch_rows(self.id, start=start, limit=MOST_ROWS_AT_ONCE):
            for one in some:
                yield Item.from_record(one)
            start = some[-1].index + 1

    async def jobs(self) -> AsyncGenerator[Job]:
        """Yield the jobs of all its runs, the newest first."""
        query = JobQuery(batch_id=self.id, limit=CHUNKS_AT_ONCE if self.options.economy else JOBS_AT_ONCE)
        while True:
            page = await self._backend.list_jobs(query)
            for job in page.jobs:
                yield job
            if page.next_cursor is None:
                return
            query = query.model_copy(update={"cursor": page.next_cursor})


def new_holder() -> Holder:
    """Return this process, as one that is about to run a batch."""
    return Holder(token=uuid4().hex, host=socket.gethostname(), pid=os.getpid(), since=datetime.now(UTC))
