"""Who runs a batch, as far as that can be known from here."""

from __future__ import annotations

import socket

from aijobs_sdk.batch.journal.processes import is_alive
from aijobs_sdk.contract.batches import BatchRecord, Holder


def runner_of(record: BatchRecord) -> Holder | None:
    """Return who runs a batch, as far as that can be known from here."""
    return None if record.holder is None or is_dead(record.holder) else record.holder


def is_dead(holder: Holder) -> bool:
    """Return whether it is known that a holder runs no more: only a process of this machine can be."""
    return holder.host == socket.gethostname() and not is_alive(holder.pid)
