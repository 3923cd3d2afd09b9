"""The report for programs: one JSON object, amounts as decimal text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

from pydantic import JsonValue

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.columns import amount_text
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.totals import UsageGroup

_Value: TypeAlias = "Fact | Mapping[str, str] | tuple[_Value, ...] | datetime | date | Decimal | str | int | None"


def report_json(facts: MonthFacts) -> dict[str, JsonValue]:
    """Return the report as a JSON object.

    The first keys are fixed words that other tools rely on; the others are the fields of `MonthFacts`.
    """
    totals = facts.totals
    return {
        "month": facts.month,
        "totals": {
            "rows": totals.rows,
            "credits": amount_text(totals.credits),
            "input_tokens": totals.input_tokens,
            "output_tokens": totals.output_tokens,
        },
        "groups": [_group_object(group) for group in facts.groups],
        "duplicates": facts.quality.duplicates,
        "quarantined": facts.quality.quarantined,
        "metered_credits": _json(totals.metered_credits),
        **{name: _json(getattr(facts, name)) for name in MonthFacts.model_fields if name not in _SAID},
    }


_SAID = frozenset({"month", "totals", "groups"})


def _group_object(group: UsageGroup) -> dict[str, JsonValue]:
    """Return the keys of a group beside its numbers, not below them."""
    return {
        **group.keys,
        "rows": group.rows,
        "input_tokens": group.input_tokens,
        "output_tokens": group.output_tokens,
        "credits": amount_text(group.credits),
        "metered_credits": _json(group.metered_credits),
    }


def _json(value: _Value) -> JsonValue:
    match value:
        case UsageGroup():
            return _group_object(value)
        case Fact():
            return {name: _json(getattr(value, name)) for name in type(value).model_fields}
        case tuple():
            return [_json(each) for each in value]
        case Mapping():
            return dict(value)
        case Decimal():
            return amount_text(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return value
