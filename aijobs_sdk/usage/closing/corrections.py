"""Rows that were set aside as contradicting another, and are right after all, take its place; nothing is changed.

What counted is reversed, entry by entry, and what is right is entered anew. Both are billed in the month that bears the
first, or, if that is closed, in the first open month after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import bad_argument, members_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.closing.acts import given_reason
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, UsageStore, stored_instant


class CorrectionsMade(Fact):
    """What came of accepting rows that had been set aside."""

    at: AwareDatetime
    reason: str
    corrections: int
    """Ids that were put right; of each, only the newest row that was set aside counts."""
    credits: Decimal
    """By how much all bills together grew."""
    months: tuple[str, ...]
    """Those that bear the corrections."""


def accept_corrections(
    store: UsageStore, *, reason: str, ids: Iterable[UUID] | None = None, now: datetime
) -> CorrectionsMade:
    """Let rows that were set aside as `id_conflict` take the place of what counts; all that wait, or those of `ids`.

    What was accepted before is passed over.

    Raises:
        InvalidRequestError: `ids` is no list of ids, or under one of them no row was set aside; or no reason is given.
            Nothing was accepted.
    """
    reason = given_reason(reason)
    wanted = None if ids is None else _checked(ids)
    with store.writing() as database:
        _refuse_strange(database, wanted or [])
        database.execute(statement("closing/choose_corrections"), {"ids": wanted})
        database.execute(statement("closing/enter_reversals"))
        database.execute(statement("closing/enter_replacements"))
        database.execute(statement("closing/resolve_contradictions"), {"at": stored_instant(now)})
        made = _made(database, at=now, reason=reason)
        if made.corrections:
            _record(database, made)
    return made


def _checked(ids: Iterable[UUID]) -> list[UUID]:
    return [_uuid(one) for one in members_of("ids", ids, object, "ids of rows")]


def _uuid(given: object) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(str(given))
    except ValueError:
        raise bad_argument("ids", f"must be a list of ids of rows, one is {shape_of(given)}") from None


def _refuse_strange(database: Database, ids: list[UUID]) -> None:
    strange = [str(one) for (one,) in database.execute(statement("closing/strange_ids"), {"ids": ids}).fetchall()]
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise InvalidRequestError(
            f"No row with the id {strange[0]}{more} was set aside as `id_conflict`. "
            "quarantine() shows the rows that can be accepted."
        )


def _made(database: Database, *, at: datetime, reason: str) -> CorrectionsMade:
    [(corrections, credits_change, months)] = database.execute(statement("closing/corrections_made")).fetchall()
    return CorrectionsMade(at=at, reason=reason, corrections=corrections, credits=credits_change, months=tuple(months))


def _record(database: Database, made: CorrectionsMade) -> None:
    database.execute(
        statement("closing/record_corrections"),
        {
            "at": stored_instant(made.at),
            "reason": made.reason,
            "corrections": made.corrections,
            "credits": made.credits,
        },
    )
