"""How a batch moves: pure, as the lifecycle of a job; a store calls it inside its own atomic step."""

from __future__ import annotations

from datetime import datetime, timedelta

from aijobs_sdk.contract.batches import (
    MOST_ROWS_AT_ONCE,
    BatchChange,
    BatchRecord,
    BatchRequest,
    Hold,
    Holder,
)
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import BatchHeldError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.engine.ids import new_id

LONGEST_HOLD_SECONDS = 86_400


def new_batch(request: BatchRequest, *, caller: Caller, clock: Clock) -> BatchRecord:
    """Return what a store inserts."""
    now = clock.now()
    return BatchRecord(
        id=new_id(),
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        name=request.name,
        settings=request.settings,
        created_at=now,
        updated_at=now,
    )


def check_rows_at_once(rows: int, *, field: str) -> None:
    """Refuse more rows in one call than a store has to carry at a time.

    Raises:
        InvalidRequestError: they are too many, or fewer than none.
    """
    if not 0 <= rows <= MOST_ROWS_AT_ONCE:
        raise bad_argument(field, f"must be at most {MOST_ROWS_AT_ONCE:,} rows a call, got {rows:,}: split them up")


def check_hold(hold: Hold) -> None:
    """Refuse a hold that would outlive whoever has it by far.

    Raises:
        InvalidRequestError: it is for longer than a day, or for less than no time.
    """
    if not 0 <= hold.seconds <= LONGEST_HOLD_SECONDS:  # nor is it NaN
        raise bad_argument("seconds", f"must be from 0 to {LONGEST_HOLD_SECONDS:,}, got {hold.seconds}")


def as_of(record: BatchRecord, now: datetime) -> BatchRecord:
    """Return the record as it stands at this instant: nobody holds it whose time is over."""
    if record.held_until is None or record.held_until > now:
        return record
    return record.replace(holder=None, held_until=None)


def changed(record: BatchRecord, change: BatchChange, now: datetime) -> BatchRecord:
    """Return the record with what is said in place of what was; who holds it has no part in this.

    Settings that are not named stay: who says one thing need not have read what others say meanwhile.
    """
    said = {name: value for name, value in change if value is not None}
    if change.settings is not None:
        said["settings"] = {**record.settings, **change.settings}
    return as_of(record, now).replace(updated_at=now, **said)


def held(record: BatchRecord, hold: Hold, now: datetime) -> BatchRecord:
    """Return the record in the hands of the one that asks, or given back.

    Raises:
        BatchHeldError: another has it.
    """
    record = as_of(record, now)
    if record.holder is not None and record.holder.token not in {hold.holder.token, hold.instead_of}:
        raise BatchHeldError(record.name, held_by=_in_words(record.holder))
    is_kept = hold.seconds > 0
    return record.replace(
        holder=hold.holder if is_kept else None,
        held_until=now + timedelta(seconds=hold.seconds) if is_kept else None,
        standing=hold.standing or record.standing,
        updated_at=now,
    )


def _in_words(holder: Holder) -> str:
    return f"process {holder.pid} on {holder.host}, since {holder.since:%Y-%m-%d %H:%M:%S %Z}"
