"""The record of what was done to months: each act that closed or reopened one, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import AwareDatetime

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.closing.seal import Seal
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database, UsageStore, stored_instant


class ClosedMonth(Seal):
    """A month was closed: what its entries came to then."""

    act: Literal["closed"] = "closed"
    month: str
    version: int
    """How often the month was closed, this time counted."""
    at: AwareDatetime
    reason: str
    price_version: str
    """Which prices its provider cost was reckoned by."""


class ReopenedMonth(Fact):
    """A month takes new rows again."""

    act: Literal["reopened"] = "reopened"
    month: str
    version: int
    """Of the closing that was undone."""
    at: AwareDatetime
    reason: str


MonthAct: TypeAlias = ClosedMonth | ReopenedMonth


def month_acts(store: UsageStore) -> tuple[MonthAct, ...]:
    """Return every act, the first one first."""
    return tuple(map(_act, store.ask(statement("closing/month_acts"))))


def record_act(database: Database, act: MonthAct, *, report: str | None = None) -> None:
    """Note an act; a closing with the report that is kept of the month, as JSON."""
    said = {"rows": None, "credits": None, "digest": None, "price_version": None, **act.model_dump()}
    database.execute(statement("closing/record_act"), {**said, "at": stored_instant(act.at), "report": report})


def given_reason(reason: str) -> str:
    """Return the reason of an act that must have one.

    Raises:
        InvalidRequestError: it says nothing.
    """
    if not isinstance(reason, str) or not reason.strip():
        problem = f"must say why, in words for whoever reads the books later; got {shape_of(reason)}"
        raise bad_argument("reason", problem)
    return readable_reason(reason)


def readable_reason(reason: str) -> str:
    """Return the reason of an act that may have one.

    Raises:
        InvalidRequestError: it is no text that can be kept.
    """
    if not isinstance(reason, str):
        raise bad_argument("reason", f"must be text, got {shape_of(reason)}")
    if not is_plain(reason):
        raise bad_argument("reason", "must hold no NUL, and no half of a character")
    return reason


def _act(row: Mapping[str, object]) -> MonthAct:
    if row["act"] == "closed":
        return ClosedMonth.model_validate(row)
    return ReopenedMonth.model_validate({name: row[name] for name in ReopenedMonth.model_fields})
