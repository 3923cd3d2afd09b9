"""All that is known of the rows of a batch: what was asked of each, and what became of it."""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from aijobs_sdk.batch.asking.item import Item
from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.schema_columns import columns_of_model, columns_of_schema
from aijobs_sdk.batch.keeping.causes import Causes
from aijobs_sdk.batch.keeping.fit import broken, fit
from aijobs_sdk.batch.keeping.inputs import InputsDigest
from aijobs_sdk.batch.keeping.keys import Keys
from aijobs_sdk.batch.keeping.outcome import Outcome, row_of, skipped
from aijobs_sdk.batch.keeping.tally import Tally
from aijobs_sdk.batch.row import BatchRow, RowStatus
from aijobs_sdk.batch.spool import Spool

_PENDING, _COMPLETED, _FAILED, _SKIPPED = range(4)
_CODE = {RowStatus.COMPLETED: _COMPLETED, RowStatus.FAILED: _FAILED, RowStatus.SKIPPED: _SKIPPED}
_NEVER = datetime.max.replace(tzinfo=UTC)


class Jobs(NamedTuple):
    """The jobs of a batch."""

    ids: frozenset[str]
    since: datetime
    """When the first of them was sent."""
    until: datetime
    """When the last of them was over."""


class Ledger:
    """The rows of a batch, most of them on disk: in memory are some fifty bytes of each.

    Rows that ask the same are one: the first of them, their leader, is sent, and the others share what becomes of it.

    Answers are kept as they came, and made objects of `output_model` whenever a row is looked at: a class that a cell
    or a function defines cannot be kept on a disk.

    Args:
        dedupe: whether rows that ask the same are one.
        output_model: what each answer has to fit.
        columns: of the input, where a journal knows them.
        is_kept: whether there is a journal.
    """

    def __init__(
        self,
        *,
        dedupe: bool,
        output_model: type[BaseModel] | None = None,
        columns: Columns | None = None,
        is_kept: bool = False,
    ) -> None:
        self.columns = columns or Columns()
        """Of the input; learnt from the rows, where a journal did not know them."""
        self.answer_columns = Columns() if output_model is None else columns_of_model(output_model)
        """Of structured answers: those of their class, else as rows describe them, which may ask for different ones."""
        self._last_schema: object = None
        """The one that was described last: mostly all rows ask for the same."""
        self._learns_columns = columns is None
        self.tally = Tally()
        self.causes = Causes()
        self.cancelled_jobs: dict[int, UUID] = {}
        """By their rows, which have failed of that: jobs that somebody cancelled by themselves."""
        self.answered_last: int | None = None
        """The row that came last of those that were answered."""
        self._dedupe = dedupe
        self._output_model = output_model
        self._items: Spool[Item] = Spool()
        self._outcomes: Spool[Outcome] = Spool()
        self._keys = Keys()
        self._inputs = InputsDigest() if is_kept else None
        self._codes = bytearray()
        self._models: dict[str, int] = {}
        self._model_of = array("H")
        self._skips: dict[int, str] = {}
        self._leaders = array("q")
        self._copies = array("q")
        """By index, which of the rows of its key a row is; empty where they share one answer."""
        self._sharing: Counter[int] = Counter()
        """By leader, how many other rows share its answer."""

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, item: Item) -> None:
        """Take in the next row."""
        if self._learns_columns:
            self.columns.note(item.inputs)
        if self._output_model is None and (schema := item.payload.get("output_schema")) != self._last_schema:
            self._note_schema(schema)
        self._keys.add(item.key)
        self._items.put(item.index, item)  # with its key, which is not to be made again
        if self._inputs is not None:
            self._inputs.add(item)
        self._codes.append(_PENDING)
        self._model_of.append(self._models.setdefault(str(item.payload.get("model", "")), len(self._models)))
        if item.skipped is not None:
            self._skips[item.index] = item.skipped

    def _note_schema(self, schema: object) -> None:
        self._last_schema = schema
        if isinstance(schema, Mapping):
            self.answer_columns.join(columns_of_schema(schema))

    def close(self) -> None:
        """Find out, once all rows are in, which of them ask the same."""
        self._leaders = self._keys.leaders() if self._dedupe else array("q", range(len(self)))
        self._copies = array("q") if self._dedupe else self._keys.places()
        for index in self._skips:  # nobody answers them, so that there is nothing to share
            self._leaders[index] = index
        self._sharing = Counter(leader for index, leader in enumerate(self._leaders) if leader != index)
        self._names = list(self._models)
        for index, reason in self._skips.items():
            self.settle(index, skipped(reason))

    def item(self, index: int) -> Item:
        """Return what was asked of a row."""
        return self._items.get(index)

    @property
    def digest(self) -> str:
        """What tells these rows from others: what is asked, in which order."""
        return self._keys.digest

    @property
    def inputs_digest(self) -> str:
        """What tells the columns of these rows from those of others that ask the same; empty where no journal asks."""
        return "" if self._inputs is None else self._inputs.of(self.columns)

    def model_of(self, index: int) -> str:
        """Return the model that a row is asked of."""
        return self._names[self._model_of[index]]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that rows are asked of, in the order of the rows."""
        return tuple(filter(None, self._models))

    def outcome(self, index: int) -> Outcome:
        """Return what became of a row that was sent itself.

        Raises:
            KeyError: nothing did, so far.
        """
        return self._outcomes.get(index)

    def row(self, index: int) -> BatchRow:
        """Return a row with what became of it."""
        leader = self._leaders[index] if len(self._leaders) else index
        try:
            outcome: Outcome | None = self._outcomes.get(leader)
        except KeyError:  # nothing became of it so far; or it is asked again, which another thread may do just now
            outcome = None
        fitted = None if outcome is None else self._fitted(outcome)
        return row_of(self.item(index), fitted, shared_with=None if leader == index else leader)

    def is_over(self, index: int) -> bool:
        """Return whether something became of a row."""
        return self._codes[index] != _PENDING

    def has_failed(self, index: int) -> bool:
        """Return whether a row failed."""
        return self._codes[index] == _FAILED

    def unfinished(self) -> Iterator[int]:
        """Yield the rows that are to be sent, in their order."""
        return (index for index in range(len(self)) if not self.is_over(index) and self._leaders[index] == index)

    def over(self, status: RowStatus | None = None) -> Iterator[int]:
        """Yield the rows of which something became, in their order; only those with this status, if one is said."""
        if status is None:
            return (index for index in range(len(self)) if self.is_over(index))
        return (index for index, code in enumerate(self._codes) if code == _CODE[status])

    def settle(self, index: int, outcome: Outcome) -> list[int]:
        """Note what became of a row; return it and those that share its answer."""
        self._outcomes.put(index, outcome)
        rows = self._rows_of(index)
        for row in rows:
            self._codes[row] = _CODE[outcome.status]
        self.tally.add(outcome, sharing=len(rows) - 1)
        if outcome.status is RowStatus.COMPLETED:
            self.answered_last = index
        elif outcome.status is RowStatus.FAILED and outcome.error is not None:
            self.causes.add(outcome.error, rows)
            if outcome.was_cancelled:
                self.cancelled_jobs[index] = outcome.job_ids[-1]
        return rows

    def reopen(self, index: int) -> Outcome:
        """Let a row be sent again; return what had become of it."""
        outcome = self._outcomes.get(index)
        rows = self._rows_of(index)
        for row in rows:
            self._codes[row] = _PENDING
        self.tally.add(outcome, sharing=len(rows) - 1, times=-1)
        if outcome.status is RowStatus.FAILED and outcome.error is not None:
            self.causes.take_out(outcome.error, rows)
            self.cancelled_jobs.pop(index, None)
        self._outcomes.drop(index)
        return outcome

    def jobs(self) -> Jobs:
        """Return which jobs answered the rows that are over, and when."""
        outcomes = [self._outcomes.get(index) for index in self.leaders_of(self.over())]
        return Jobs(
            frozenset(str(job_id) for outcome in outcomes for job_id in outcome.job_ids),
            min((one.sent_at for one in outcomes if one.sent_at is not None), default=_NEVER),
            max((one.ended_at for one in outcomes if one.ended_at is not None), default=_NEVER),
        )

    def leaders_of(self, indices: Iterable[int]) -> list[int]:
        """Return, without repetition, the rows that were sent for these."""
        return list(dict.fromkeys(self._leaders[index] for index in indices))

    def copy_of(self, index: int) -> int:
        """Return which of the rows of its key a row is, from 0, where each of them is sent alone; else 0."""
        return 0 if self._dedupe else self._copies[index]

    def find(self, key: str, copy: int) -> int | None:
        """Return the row that is sent for this key; None for one that is not asked any more."""
        return None if self._dedupe and copy else self._keys.nth_of(key, copy)

    def _fitted(self, outcome: Outcome) -> Outcome:
        if self._output_model is None or outcome.output is None or outcome.status is not RowStatus.COMPLETED:
            return outcome
        try:
            return dataclasses.replace(outcome, output=fit(outcome.output, self._output_model))
        except Exception as error:  # noqa: BLE001 - a validator is the caller's code, and may think better of an answer
            return outcome.failed(broken(error, provider=outcome.provider))

    def _rows_of(self, leader: int) -> list[int]:
        if leader not in self._sharing:
            return [leader]
        return list(self._keys.rows_of(self.item(leader).key))
