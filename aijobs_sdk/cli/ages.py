"""Ages as one writes and reads them on a command line: `30d`, `12h`."""

from __future__ import annotations

import re
from datetime import timedelta

from aijobs_sdk.cli.errors import BadInput

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def read_age(text: str, *, option: str) -> timedelta:
    """Return how long that is; an age beyond the calendar is the longest there is.

    Raises:
        BadInput: that is no age; the option is named.
    """
    written = re.fullmatch(r"(\d+)([wdhms])", text)
    if written is None:
        raise BadInput(f"{option} takes a number and a unit, such as 30d or 12h, not {text!r}.")
    number, unit = written.groups()
    try:
        return timedelta(**{_UNITS[unit]: int(number)})
    except (OverflowError, ValueError):  # Python reads no number of more than 4,300 digits
        return timedelta.max


def age_text(age: timedelta) -> str:
    """Return how long that is in its largest unit: `3d`, `12h`; a moment is `0s`."""
    counts = ((age // timedelta(**{name: 1}), unit) for unit, name in _UNITS.items())
    return next((f"{count}{unit}" for count, unit in counts if count > 0), "0s")
