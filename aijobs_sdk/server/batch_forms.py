"""The forms in which batches are sent and answered, within what every store has a place for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aijobs_sdk.contract.batches import (
    BatchChange,
    BatchItem,
    BatchRecord,
    BatchStanding,
    Hold,
    Holder,
)
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.server.forms import NO_NUL, Answer, Instant
from aijobs_sdk.server.limits import MAX_SEQ

_Word = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
_LONGEST_HOLD_SECONDS = 86_400.0


class BatchChangeIn(BatchChange):
    """What is to be different about a batch; what is not named stays."""

    rows: int | None = Field(default=None, strict=True, ge=0, le=MAX_SEQ)


class RowIn(BatchItem):
    """One row of a batch."""

    index: int = Field(strict=True, ge=0, lt=MAX_SEQ)
    key: _Word


class RowsIn(Fact):
    """Rows of a batch, each in place of the one at the same index."""

    rows: list[RowIn] = Field(min_length=1)


class HolderIn(Holder):
    """The process that runs a batch, or wants to."""

    token: _Word
    host: str = Field(max_length=255, pattern=NO_NUL)
    pid: int = Field(ge=0, le=MAX_SEQ)
    since: Instant


class HoldIn(Fact):
    """A wish to run a batch, to go on running it, or to give it back."""

    holder: HolderIn
    seconds: float = Field(ge=0, le=_LONGEST_HOLD_SECONDS, allow_inf_nan=False)
    """So long nobody else may run it; 0 gives it back."""
    standing: BatchStanding | None = None
    """How far it is now."""
    instead_of: _Word | None = None
    """The token of a holder that is known to be dead."""

    def hold(self) -> Hold:
        """Return what is asked for."""
        said = self.holder
        holder = Holder(token=said.token, host=said.host, pid=said.pid, since=said.since)
        return Hold(holder, self.seconds, self.standing, self.instead_of)


class BatchesOut(Answer):
    """A tenant's batches, the newest first."""

    batches: list[BatchRecord]


class RowsOut(Answer):
    """Rows of a batch, in their order."""

    rows: list[BatchItem]
    next_start: int | None
    """Where to go on: an answer is about as large as a request may be, and ends earlier where rows are long; null
    after the last row."""
