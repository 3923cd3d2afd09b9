"""How long an answer took, as usage rows say it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

_MICROSECOND = timedelta(microseconds=1)


def latency_text(began_at: datetime, answered_at: datetime) -> str:
    """Return the seconds between two instants as decimal text, exact to the microsecond.

    No less than 0: between two looks at a clock it may have been set back.
    """
    microseconds = max(0, (answered_at - began_at) // _MICROSECOND)
    return format(Decimal(microseconds).scaleb(-6).normalize(), "f")
