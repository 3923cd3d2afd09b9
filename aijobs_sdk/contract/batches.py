"""A batch as a journal keeps it: what is asked of each of many rows, how far it is, and who works on it.

What its rows came to is not kept twice: each of their jobs names the batch, and is its own record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import Field

from aijobs_sdk.contract.model import Fact, StoredJson
from aijobs_sdk.contract.plain_text import OneLine
from aijobs_sdk.contract.records import Credits
from aijobs_sdk.contract.word import Word

JOURNAL_VERSION = 1
"""Of what stands in `settings` and in an item's `request`; a higher one was written by a newer SDK."""
MOST_ROWS_AT_ONCE = 1000
"""Rows that are kept, or read, by one call."""


class BatchState(Word):
    """Where a batch stands."""

    OPEN = "open"
    """Its rows are being kept; none was sent yet."""
    RUNNING = "running"
    PAUSED = "paused"
    """Nobody sends rows; `reason` says why, and what to do."""
    FINISHED = "finished"
    """Each row is over, one way or another."""
    CANCELLED = "cancelled"


class BatchWish(Word):
    """What somebody wants of whoever runs a batch."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class BatchStanding(Fact):
    """How far a batch is, as whoever ran it noted last."""

    state: BatchState = BatchState.OPEN
    reason: str = ""
    """Why it is paused, in words for a person."""
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    running: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    credits: Credits = Field(default="0", validate_default=True)
    """As billed."""
    metered_credits: Credits = Field(default="0", validate_default=True)
    elapsed_seconds: float = 0.0


class Holder(Fact):
    """The process that runs a batch: two at a time would send rows twice."""

    token: str = Field(min_length=1, max_length=64)
    """Its own for each run, so that a process that was taken for dead is told from one that took over."""
    host: str
    pid: int
    since: datetime

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"process {self.pid} on {self.host}"


LONGEST_NAME = 200


class BatchRequest(Fact):
    """What a caller asks for, before anything about it was checked."""

    name: OneLine = Field(max_length=LONGEST_NAME)
    """What the tenant calls it, one batch a name."""
    settings: Mapping[str, StoredJson] = Field(default_factory=dict)


class BatchRecord(Fact):
    """One batch, as it stands."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    name: str
    version: int = JOURNAL_VERSION
    settings: Mapping[str, StoredJson] = Field(default_factory=dict)
    """How its rows are run, such as the budget: for the batch room alone to read."""
    rows: int = 0
    """How many it has, once all are kept."""
    wish: BatchWish = BatchWish.RUN
    standing: BatchStanding = BatchStanding()
    holder: Holder | None = None
    """Who runs it; None where nobody does, or where the hold has run out."""
    held_until: datetime | None = None
    created_at: datetime
    updated_at: datetime


class BatchChange(Fact):
    """What is to be different about a batch; None: as it is."""

    settings: Mapping[str, StoredJson] | None = None
    """Those that are to be different, by their names; the others stay."""
    rows: int | None = Field(default=None, ge=0)
    """So many there are: those kept behind them are forgotten."""
    wish: BatchWish | None = None


class BatchItem(Fact):
    """One row of a batch: what it holds, and what is asked for it."""

    index: int = Field(ge=0)
    """The row's place, from 0."""
    key: str = Field(min_length=1, max_length=64)
    """Names what is asked: rows of one key have one answer."""
    inputs: Mapping[str, StoredJson]
    """The row as it came in."""
    request: Mapping[str, StoredJson]
    """What is sent for it, in the words of the batch room."""


class Hold(NamedTuple):
    """A wish to run a batch, or to go on running it."""

    holder: Holder
    seconds: float
    """So long nobody else may run it; 0 gives it back."""
    standing: BatchStanding | None = None
    """How far it is now; None: as noted before."""
    instead_of: str | None = None
    """The token of a holder that is known to be dead."""
