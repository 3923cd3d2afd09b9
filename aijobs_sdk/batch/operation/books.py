"""The books of a batch: a ledger, into which its rows are taken, and a journal, which says what became of them."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

import anyio

from aijobs_sdk.batch.intake import Intake
from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.journal.journal import Journal
from aijobs_sdk.batch.journal.restore import restore
from aijobs_sdk.batch.journal.tenure import tenure
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.operation.helm import Helm
from aijobs_sdk.batch.operation.known import Known
from aijobs_sdk.batch.options import BatchOptions, checked_options
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.batches import BatchRecord, BatchWish
from aijobs_sdk.contract.errors import BatchNotFoundError, InvalidRequestError


class Books:
    """Learns what is known of a batch, from its rows and, where it has a name, from its journal.

    Args:
        backend: where the journal is.
        known: what is known of the batch.
        helm: says whether it is run here; while it is, that run knows.
        intake: its rows; None: those of the journal.
        wish: what whoever runs it is told when that begins; None, in a process that was started for it: what it was
            told last, which may be to stop again.
        tell: is told of rows that are over.
    """

    def __init__(
        self,
        backend: Backend,
        known: Known,
        helm: Helm,
        *,
        intake: Intake | None,
        wish: BatchWish | None,
        tell: Callable[[Sequence[int]], None],
    ) -> None:
        self._backend = backend
        self._known = known
        self._helm = helm
        self._intake = intake
        self._wish = wish
        self._tell = tell
        self._chosen = known.options if intake is None else None
        """Of whoever has the rows from the journal: what was said, and is not in the journal yet."""
        self._turn = anyio.Lock()
        """Of whoever takes rows in, or learns what became of them; not of one loop, as asyncio's are."""
        self.journal: Journal | None = None
        """Once the rows are taken in; None: it has none."""

    @property
    def are_open_to_others(self) -> bool:
        """Whether there is a journal by which it is known to others: it has a name, and no rows that are still read."""
        return self._known.name is not None and not self.have_a_source

    @property
    def have_a_source(self) -> bool:
        """Whether rows of a caller are still read."""
        return self._intake is not None

    async def load(self) -> None:
        """Take all rows in, unless that was done; from the journal where the caller gave none: those that came last.

        What an interrupted call has read of a caller's rows is kept, and the next one goes on there.

        Raises:
            InvalidRequestError: rows cannot be used; they are named.
            BatchNotFoundError: there is no batch of this name, and there are no rows to begin one with.
        """
        async with self._turn:  # who comes second, or after one who was interrupted, goes on with what is there
            if not self._known.is_loaded:
                await self._load()
            elif self.journal is not None and self._chosen is not None and not self._helm.has_a_run:
                await self._read_again(self.journal)

    async def _load(self) -> None:
        known = self._known
        if self._intake is not None:
            await self._intake.into(known.ledger, self._backend)
        if known.name is not None:  # rows that are refused begin no journal
            await self._open_journal(known.name)
        self._intake, known.is_loaded = None, True
        self._tell(list(known.ledger.over()))  # those that are left out

    async def _open_journal(self, name: str) -> None:
        known = self._known
        if self._intake is not None:
            self.journal = await Journal.open(self._backend, name, known.options)
            until = known.options.retry_failed_until or self.journal.options.retry_failed_until
            known.options = known.options.replace(retry_failed_until=until)  # who wanted that may have crashed since
        else:
            self.journal = await Journal.find(self._backend, name)
            await self._read(self.journal)
        known.id = self.journal.id
        known.watch.go_on_from(self.journal.record.standing.elapsed_seconds)

    async def _read(self, journal: Journal) -> None:
        known = self._known
        known.go_by(self.options_in(journal))
        known.ledger = Ledger(
            dedupe=known.options.dedupe, output_model=known.output_model, columns=journal.columns, is_kept=True
        )
        async with aclosing(journal.items()) as items:
            async for item in items:
                known.ledger.add(item)
        known.ledger.close()

    async def _read_again(self, journal: Journal) -> None:
        """Learn what others have said since, and which rows they have given."""
        await journal.refresh()
        known, ledger = self._known, self._known.ledger
        known.id = journal.id
        if (journal.digest, journal.inputs_digest) == (ledger.digest, ledger.inputs_digest):
            known.go_by(self.options_in(journal))
            return
        await self._read(journal)
        self._tell(list(known.ledger.over()))

    async def known_journal(self) -> Journal | None:
        """Return the journal by which others learn what is wanted; None where there is nobody to learn it.

        Raises:
            BatchNotFoundError: there is no batch of this name, and there are no rows to begin one with.
        """
        if self.journal is not None or self._known.name is None:
            return self.journal
        try:
            return await Journal.find(self._backend, self._known.name)
        except BatchNotFoundError:
            if self._intake is None:
                raise
            return None

    def options_in(self, journal: Journal | None) -> BatchOptions:
        """Return how rows are run: as this caller says, and what is not said by whoever has no rows, as it is kept."""
        if journal is None or self._chosen is None:
            return self._known.options
        return journal.options.changed(**self._chosen.chosen())

    def are_noted(self, said: BatchOptions) -> None:
        """Take note that these options stand in the journal now, where others may change them."""
        if self._chosen is not None:
            left = {name: value for name, value in self._chosen.chosen().items() if name not in said.model_fields_set}
            self._chosen = checked_options(left)

    @asynccontextmanager
    async def held(self, journal: Journal) -> AsyncIterator[None]:
        """Be the one that runs the batch inside, with its rows in the journal and what became of them in the ledger.

        Raises:
            BatchHeldError: another process runs it, from the start or since this one was taken for dead.
        """
        # Until it is known what became of the rows, it is as far as was noted, and not as if nothing were done.
        self._known.seen = journal.record if journal.record.rows else None
        async with tenure(journal, self._known.standing, self._helm.heed, self._note_cancelled):
            await self._keep(journal)
            await self.catch_up()
            self._known.seen = None
            yield

    async def _keep(self, journal: Journal) -> None:
        """Keep the rows in the journal, if it has others; whoever has them from there takes those that came last."""
        if self._chosen is not None:
            await self.load()
            _check_all_are_kept(journal)
        ledger, inputs_digest = self._known.ledger, self._known.ledger.inputs_digest
        if (journal.digest, journal.inputs_digest) != (ledger.digest, inputs_digest):
            await journal.keep(map(ledger.item, range(len(ledger))), total=len(ledger))
            await journal.change(columns=ledger.columns, inputs_digest=inputs_digest)
        options = self._known.options.changed() if self._chosen is None else self._chosen
        await journal.change(options=options, digest=ledger.digest, wish=self._wish)
        self.are_noted(options)

    async def _note_cancelled(self) -> None:
        if self.journal is not None:
            await self.journal.note_cancelled(self._known.ledger.cancelled_jobs.values())

    async def catch_up(self) -> None:
        """Learn from the journal, where there is one, what became of the rows, whoever ran them, and tell of it.

        While they are run here, that run knows.
        """
        async with self._turn:
            if self.journal is None or self._helm.has_a_run:
                return
            ledger = self._known.ledger
            was_open = array("q", (index for index in range(len(ledger)) if not ledger.is_over(index)))
            try:
                await self._restore(self.journal)
            finally:
                self._tell([index for index in was_open if ledger.is_over(index)])

    async def _restore(self, journal: Journal) -> None:
        known = self._known
        async with aclosing(journal.jobs()) as jobs:
            restored = await restore(
                jobs,
                known.ledger,
                known.output_model,
                cancelled=journal.cancelled_jobs,
                retry_failed_until=known.options.retry_failed_until,
                row_timeout=known.options.row_timeout,
            )
        known.go_on_from(restored)

    async def refresh(self) -> None:
        """Learn how far it is, unless it is run here: `progress` then says so, and `ledger` what became of its rows."""
        await self.load()
        if self.journal is None or self._helm.has_a_run:
            return
        record = await self.journal.refresh()
        await self.catch_up()
        if not self._helm.has_a_run:  # none has begun meanwhile
            self._known.see(record if runner_of(record) is not None else self._as_here(record))

    def _as_here(self, record: BatchRecord) -> BatchRecord:
        """Return where a batch stands that nobody runs, with the rows that it has here: others than are kept, maybe."""
        standing = self._known.standing_since(record.standing)
        return record.replace(rows=len(self._known.ledger), standing=standing)

    async def glance(self) -> bool:
        """Learn how far it is where another process runs it, by what that has noted; return whether one does.

        Of a batch that this caller knows by its name alone it is learnt how far it came, too. No row is read.
        """
        if self._known.name is None or not self.are_open_to_others or self._helm.has_a_run:
            return False
        journal = await Journal.find(self._backend, self._known.name)
        is_run = runner_of(journal.record) is not None
        if (is_run or not self._known.is_loaded) and not self._helm.has_a_run:
            self._known.see(journal.record)
        return is_run


def _check_all_are_kept(journal: Journal) -> None:
    if not journal.digest:
        raise InvalidRequestError(
            f"Batch {journal.record.name!r} has not all of its rows: whoever kept them was stopped before the end. "
            "Run it once more with its rows. Nothing was sent.",
            code="rows_not_kept",
        )
