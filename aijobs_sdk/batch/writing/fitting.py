"""A value, as it came or as a journal gave it back, made to fit the kind of its column."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from aijobs_sdk.batch.columns.kinds import NOTHING, Kind, Sort, has_a_place
from aijobs_sdk.batch.reading.cells import to_text

_DURATION = re.compile(r"((?P<days>-?\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d(\.\d+)?)")
"""As Python writes it, such as `1 day, 2:00:00`."""


def _duration_in(text: str) -> timedelta:
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise ValueError("This is no duration.")
    return timedelta(**{name: float(part) for name, part in parts.groupdict(default="0").items()})


_FROM_TEXT: Mapping[Sort, Callable[[str], object]] = {
    Sort.DATE: date.fromisoformat,
    Sort.TIME: time.fromisoformat,
    Sort.DATETIME: datetime.fromisoformat,
    Sort.INSTANT: datetime.fromisoformat,
    Sort.DURATION: _duration_in,
    Sort.DECIMAL: Decimal,
    Sort.BYTES: base64.b64decode,
}
"""What has become text in a journal, and comes back."""


def restored(kind: Kind, value: object) -> object:
    """Return the value as it was before a journal kept it.

    Raises:
        ValueError: it is of another kind.
    """
    if value is None:
        return None
    match kind.sort:
        case Sort.LIST if isinstance(value, list):
            return [restored(kind.item or NOTHING, held) for held in value]
        case Sort.OBJECT if isinstance(value, Mapping):
            return {name: restored(kind.fields.get(name, NOTHING), held) for name, held in value.items()}
        case _ if isinstance(value, str) and (back := _FROM_TEXT.get(kind.sort)):
            return back(value)
        case _:
            return value


def fitting(kind: Kind, value: object) -> object:
    """Return the value for a column of a fixed type; what has no place in one, as text.

    Raises:
        ValueError: it is of another kind.
    """
    if value is None:
        return None
    return restored(kind, value) if has_a_place(kind) else to_text(value)
