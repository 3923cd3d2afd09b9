"""Says what came without saying what it held: for errors about values that may be secret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aijobs_sdk.contract.error_info import FieldProblem

_MANY = 20
_MOST_OF_A_NAME = 100
MOST_PROBLEMS = 20
"""So many are told of one value: whoever sends more of them has something else to mend first."""


def shape_of(value: object) -> str:
    """Return what kind of value this is and how long, never its content."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a boolean"
        case str():
            return f"a text of {len(value)} characters" if value else "an empty text"
        case int() | float():
            return f"a number ({type(value).__name__})"
        case bytes() | bytearray():
            return f"{len(value):,} bytes"
        case Mapping():
            return f"an object with {len(value)} fields"
        case Sequence():
            return f"a list of {len(value)}"
        case _:
            return f"a {type(value).__name__}"


def shortened(text: str) -> str:
    """Return as much of a name as is shown: what is longer may be a prompt in the wrong field."""
    return text if len(text) <= _MOST_OF_A_NAME else f"{text[:_MOST_OF_A_NAME]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?`, or what there is to choose from."""
    names = sorted(map(str, known))
    close = difflib.get_close_matches(shortened(name), names, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(names[:_MANY])}{' …' if len(names) > _MANY else ''}."


def refuse_unknown(call: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Return where a call has all of these options.

    Raises:
        TypeError: there is no such option; the nearest is named.
    """
    known = tuple(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{call}() has no option {name!r}.{nearest(name, known)}")


def problems_of(
    error: ValidationError, *, known: Iterable[str], at: str | None = None, own_words: bool = False
) -> tuple[FieldProblem, ...]:
    """Return what pydantic found, one problem a field, with paths below `at`; values are described, not shown.

    At most MOST_PROBLEMS of them. `known` are the names of the fields that stand right below `at`. With `own_words`
    the validators are ours: what they say shows no value, and is told whole.
    """
    above = () if at is None else (at,)
    return tuple(
        FieldProblem(
            field=".".join(str(part) for part in (*above, *found["loc"])),
            problem=_own_words(found) if own_words and found["type"] == "value_error" else _problem(found, known),
        )
        for found in without_lists_of_nothing(error)[:MOST_PROBLEMS]
    )


def without_lists_of_nothing(error: ValidationError) -> list[ErrorDetails]:
    """Return what pydantic found, less what follows from the rest of it.

    A list of which no entry can be used is told to be too short as well: the entries say enough.
    """
    found = error.errors(include_url=False, include_context=False)
    above = {one["loc"][:depth] for one in found for depth in range(len(one["loc"]))}
    return [one for one in found if one["type"] != "too_short" or one["loc"] not in above]


def _own_words(found: ErrorDetails) -> str:
    return found["msg"].removeprefix("Value error, ")


def _problem(found: ErrorDetails, known: Iterable[str]) -> str:
    where = found["loc"]
    if found["type"] == "extra_forbidden":
        return (
            f"is not a field of this type.{nearest(str(where[-1]), known)}" if len(where) == 1 else "is no field here"
        )
    if found["type"] == "missing":
        return "is required"
    return f"{expected_by(found['type'], found['msg'])}, got {shape_of(found['input'])}"


def expected_by(kind: str, message: str) -> str:
    """Return what pydantic expected, as the rest of a sentence that begins with the field's name."""
    if kind == "string_unicode":  # as bytes come that a terminal, or a file, has in another encoding
        return "is no text in UTF-8"
    # Behind a colon it may quote the value. A pattern may have colons, and is our own.
    shown = message if kind == "string_pattern_mismatch" else message.split(":", maxsplit=1)[0]
    expected = shown.removeprefix("Value error, ")
    return f"{expected[:1].lower()}{expected[1:]}"
