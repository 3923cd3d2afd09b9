"""What a cell holds: whatever a library keeps in it, made into plain Python, and from there into JSON or text."""

from __future__ import annotations

import base64
import json
import math
import pickle
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, JsonValue

from aijobs_sdk.batch.reading.model_cells import said_by_model
from aijobs_sdk.batch.reading.ordered_objects import in_order

_AS_THEY_ARE = frozenset({int, bool, type(None)})
_KEPT = (date, time, timedelta, UUID)
"""What can be kept in a file: nobody has to try."""


def plain(value: object) -> object:
    """Return the value as texts, numbers, bytes, lists, mappings, dates; what is missing or not finite as None.

    What no data frame knows, such as an object of the caller's, stays as it is, if it can be kept in a file.

    Raises:
        PicklingError: it cannot, such as a function or a lock.
        UnicodeEncodeError: a text holds half a character, which no file can.
        RecursionError: its parts are nested too deeply.
        OverflowError: it is a date or a time that Python cannot hold.
    """
    kind = type(value)  # asked first, as a million rows pass here; subclasses come below
    if kind is str:
        return whole(value)  # type: ignore[arg-type]
    if kind in _AS_THEY_ARE:
        return value
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    return _of_a_library(value)


def to_json(value: object) -> JsonValue:
    """Return a plain value in JSON's words: money and dates as text, bytes as base64."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case Mapping():
            return {str(name): to_json(held) for name, held in value.items()}
        case list() | tuple():
            return [to_json(held) for held in value]
        case BaseModel():
            return said_by_model(value)
        case Decimal():
            return format(value, "f")
        case date() | time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return str(value)


def to_text(value: object) -> str:
    """Return a value as a cell of text: nothing as an empty one, what has parts as JSON."""
    match value:
        case None:
            return ""
        case BaseModel() | Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=to_json)
        case _:
            return str(to_json(value))


def whole(text: str) -> str:
    """Return the text as it is.

    Raises:
        UnicodeEncodeError: it holds half a character.
    """
    if not text.isascii():
        text.encode()
    return text


def mended(text: str) -> str:
    """Return the text with a replacement mark in place of each half of a character: a file cannot hold those."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _of_a_library(value: object) -> object:
    match value:
        case str():
            return whole(str.__str__(value))  # without what a subclass adds, such as an enum's way to print
        case int():
            return int(value)
        case float():
            return plain(float(value))
        case Decimal():
            return value if value.is_finite() else None
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case BaseModel():
            return plain(said_by_model(value))
        case Mapping():
            return {whole(str(key)): plain(held) for key, held in value.items()}
        case list() | tuple():
            return [plain(held) for held in value]
        case set() | frozenset():  # whose own order is another in each process
            return sorted(map(plain, value), key=repr)
        case _:
            return _converted(value)


def _converted(value: object) -> object:
    """Return an array, a scalar or an instant as its library says it in plain Python."""
    if _is_missing(value):
        return None
    try:
        return _said_by_its_library(value)
    except UnicodeEncodeError:
        raise
    except ValueError as error:  # such as an instant of the year 10000
        raise OverflowError(f"Python holds no such {type(value).__name__}.") from error


def _said_by_its_library(value: object) -> object:
    match kind := _numpy_kind(value):
        case "M":  # finer than microseconds they would come as bare numbers
            value = value.astype("datetime64[us]")  # type: ignore[attr-defined]
        case "m":
            value = value.astype("timedelta64[us]")  # type: ignore[attr-defined]
    if hasattr(value, "tolist"):  # numpy, and libraries of its kind
        said = value.tolist()
        if kind in {"M", "m"} and type(said) is int:  # a count of microseconds, where Python has no such date
            raise OverflowError("Python holds no such date or time.")
        return plain(said)
    if hasattr(value, "as_py"):  # Arrow
        return plain(value.as_py())
    if hasattr(value, "to_pydatetime"):  # pandas
        return value.to_pydatetime(warn=False)
    if hasattr(value, "to_pytimedelta"):  # which would be written in words of its own
        return value.to_pytimedelta()
    if not isinstance(value, _KEPT):
        _check_kept(value)
        return in_order(value)
    return value


def _check_kept(value: object) -> None:
    try:
        pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - the caller's own
    except Exception as error:  # the caller's own class: it raises what it likes
        raise pickle.PicklingError(f"A {type(value).__name__} cannot be kept.") from error


def _numpy_kind(value: object) -> object:
    return getattr(getattr(value, "dtype", None), "kind", None)


def _is_missing(value: object) -> bool:
    """Return whether this is how a data frame writes nothing: NaN, NaT, or pandas.NA."""
    differs = value != value  # noqa: PLR0124 - only what is missing differs from itself
    if differs is value:  # pandas.NA, which will not say
        return True
    try:
        return not getattr(value, "ndim", 0) and bool(differs)
    except (TypeError, ValueError):  # the parts of some objects are compared one by one
        return False
