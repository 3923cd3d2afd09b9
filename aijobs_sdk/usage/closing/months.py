"""Months are closed, reopened and verified; of a closed one its report is kept as it was.

Billing months are calendar months in UTC, as `month_year` is, whatever zone the store reckons its days in.

They may be closed in any order, since no month's bill hangs on another's: a late row is billed in its own month while
that is open, else in the first open month after it. So an old month can be reopened without touching those after it.
What was billed elsewhere meanwhile stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.usage.closing.acts import ClosedMonth, ReopenedMonth, given_reason, readable_reason, record_act
from aijobs_sdk.usage.closing.seal import Seal, month_seal
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, UsageStore


class Verification(Fact):
    """A closed month, reckoned anew."""

    month: str
    version: int
    closed: Seal
    """As it was closed."""
    reported: Seal
    """As the report says that was kept of it."""
    found: Seal
    """As its entries are now."""

    @property
    def matches(self) -> bool:
        """Whether nothing has moved."""
        return self.closed == self.reported == self.found


def close_month(
    store: UsageStore, month: str, reckon: Callable[[], MonthFacts], *, now: datetime, reason: str = ""
) -> ClosedMonth:
    """Close `month` with the facts that `reckon` finds, and keep them.

    `reckon` is called here so that the month can be sealed before and after it: what is kept is what was closed.

    Raises:
        InvalidRequestError: the month is not over, or is closed already; the reason is no text; or rows came in while
            it was reckoned.
    """
    _refuse_unfinished(month, now)
    reason = readable_reason(reason)
    with store.reading() as database:
        version = _next_version(database, month)
        before = month_seal(database, month)
    facts = reckon()
    with store.writing() as database:
        if (_next_version(database, month), month_seal(database, month)) != (version, before):
            raise InvalidRequestError(f"Rows of {month} came in while it was being closed. Close it again.")
        closed = ClosedMonth(
            **dict(before), month=month, version=version, at=now, reason=reason, price_version=facts.cost.price_version
        )
        record_act(database, closed, report=_kept(facts, closed).model_dump_json())
    return closed


def reopen_month(store: UsageStore, month: str, *, reason: str, now: datetime) -> ReopenedMonth:
    """Take rows into a closed month again; closed once more, it has the next version.

    Raises:
        InvalidRequestError: the month is not closed, or no reason is given.
    """
    reason = given_reason(reason)
    with store.writing() as database:
        times_closed, is_closed = _standing(database, month)
        if not is_closed:
            raise _not_closed(month)
        reopened = ReopenedMonth(month=month, version=times_closed, at=now, reason=reason)
        record_act(database, reopened)
    return reopened


def verify_month(store: UsageStore, month: str) -> Verification:
    """Seal the entries of a closed month anew, and hold them against what was closed and what was kept.

    Raises:
        InvalidRequestError: the month is not closed.
    """
    with store.reading() as database:
        kept = database.execute(statement("closing/kept"), {"month": month}).fetchone()
        if kept is None:
            raise _not_closed(month)
        version, rows, credits_then, digest, report = kept
        found = month_seal(database, month)
    return Verification(
        month=month,
        version=version,
        closed=Seal(rows=rows, credits=credits_then, digest=digest),
        reported=_seal_of(MonthFacts.model_validate_json(report)),
        found=found,
    )


def closed_facts(store: UsageStore, month: str) -> MonthFacts | None:
    """Return what was kept of a month when it was closed; None: it is open."""
    with store.reading() as database:
        kept = database.execute(statement("closing/kept"), {"month": month}).fetchone()
    return None if kept is None else MonthFacts.model_validate_json(kept[-1])


def _refuse_unfinished(month: str, now: datetime) -> None:
    _, end = month_span(month)
    if now < end:
        raise InvalidRequestError(f"{month} is not over. It can be closed from {end:%Y-%m-%d} 00:00 UTC on.")


def _next_version(database: Database, month: str) -> int:
    times_closed, is_closed = _standing(database, month)
    if is_closed:
        raise InvalidRequestError(
            f"{month} is closed already. Late rows are billed in the next open month; "
            "reopen_month() takes them into this one."
        )
    return times_closed + 1


def _standing(database: Database, month: str) -> tuple[int, bool]:
    [(times_closed, is_closed)] = database.execute(statement("closing/standing"), {"month": month}).fetchall()
    return times_closed, is_closed


def _kept(facts: MonthFacts, closed: ClosedMonth) -> MonthFacts:
    kept = facts.replace(status="closed", version=closed.version, as_of=closed.at, digest=closed.digest)
    if (facts.month, _seal_of(kept)) != (closed.month, Seal(**closed.model_dump(include=set(Seal.model_fields)))):
        raise AssertionError(
            f"The report on {facts.month} says {facts.totals.rows} rows and {facts.totals.credits} credits, "
            f"its entries are {closed.rows} and {closed.credits}. This is a bug in aijobs-sdk; please report it."
        )
    return kept


def _seal_of(facts: MonthFacts) -> Seal:
    return Seal(rows=facts.totals.rows, credits=facts.totals.credits, digest=facts.digest or "")


def _not_closed(month: str) -> InvalidRequestError:
    return InvalidRequestError(f"{month} is not closed. `month_acts` tells what was closed and reopened, and when.")
