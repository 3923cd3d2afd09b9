"""How a number is written for people: exact where it is reckoned with, rounded only where the exact one stands beside.

All rounding is half to even, in decimals.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from aijobs_sdk.usage.table import cell_text

NOTHING = "-"
"""Stands where there is no value."""

_LONGEST_TEXT = 120
_WIDE = Context(prec=60)


def exact(amount: Decimal, *, places: int = 6) -> str:
    """Return all digits of `amount`, at least `places` of them after the point, the whole part in threes: 1,234.50."""
    whole, _, fraction = f"{amount:,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def places_of(amount: Decimal) -> int:
    """Return how many digits of `amount` after the point are not mere padding."""
    return len(f"{amount:f}".partition(".")[2].rstrip("0"))


def rounded(amount: Decimal, *, places: int = 2) -> str:
    """Return `amount` with `places` places, the whole part in threes: 1,234.50."""
    text = f"{to_places(amount, places):,f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text  # no negative zero


def to_places(amount: Decimal, places: int) -> Decimal:
    """Return `amount` rounded to so many places."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _WIDE)


def percent(share: Decimal) -> str:
    """Return a part of one as a percentage: 0.1234 is 12.3%."""
    return f"{rounded(share.scaleb(2, _WIDE), places=1)}%"


def signed_percent(share: Decimal) -> str:
    """Return a change as a percentage that always has its sign: 0.25 is +25.0%."""
    text = percent(share)
    return text if text.startswith("-") else f"+{text}"


def instant(moment: datetime) -> str:
    """Return `moment` to the minute, with its offset from UTC."""
    offset = "UTC" if not moment.utcoffset() else f"UTC{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M} {offset}"


def shown(text: str) -> str:
    """Return text of somebody's as it can be shown anywhere: control characters visible, very long ones cut."""
    visible = cell_text(text)
    return visible if len(visible) <= _LONGEST_TEXT else f"{visible[: _LONGEST_TEXT - 1]}…"
