"""Months closed with what their entries come to, for tests of what only closed months have."""

from __future__ import annotations

from datetime import UTC, datetime

from aijobs_sdk.usage.closing.acts import ClosedMonth, ReopenedMonth, record_act
from aijobs_sdk.usage.closing.seal import month_seal
from aijobs_sdk.usage.store import UsageStore

LATER = datetime(2026, 3, 1, tzinfo=UTC)


def close(store: UsageStore, month: str, *, version: int = 1) -> None:
    """Close a month, but keep no report of it."""
    with store.writing() as database:
        seal = month_seal(database, month)
        act = ClosedMonth(
            rows=seal.rows,
            credits=seal.credits,
            digest=seal.digest,
            month=month,
            version=version,
            at=LATER,
            reason="",
            price_version="none",
        )
        record_act(database, act)


def reopen(store: UsageStore, month: str) -> None:
    """Reopen a month that was closed once."""
    with store.writing() as database:
        record_act(database, ReopenedMonth(month=month, version=1, at=LATER, reason="a test"))
