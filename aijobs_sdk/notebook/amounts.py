"""Amounts as a person reads them: times, numbers of tokens, credits."""

from __future__ import annotations

from decimal import Decimal

EXACT_BELOW_SECONDS = 9.95


def duration(seconds: float) -> str:
    """Return a time as a person reads it: `9.1 s`, `2 min 5 s`, `1 h 20 min`."""
    if seconds < EXACT_BELOW_SECONDS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, hours = whole // 60, whole // 3600
    if hours:
        return f"{hours:,} h {minutes % 60} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def rough_duration(seconds: float) -> str:
    """Return a time that is only guessed, without parts of a second: `7 s`, `2 min 5 s`."""
    return duration(seconds) if seconds >= EXACT_BELOW_SECONDS else f"{max(1, round(seconds))} s"


def credits_text(amount: Decimal) -> str:
    """Return credits to the hundredth: `1,234.50`."""
    return f"{amount:,.2f}"
