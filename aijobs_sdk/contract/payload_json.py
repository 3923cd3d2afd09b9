"""A payload as JSON: what is written in one way, such as a UUID or a date, is that text on every backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic_core import from_json, to_json

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.plain_text import is_whole
from aijobs_sdk.contract.shapes import shape_of

_SECRETS = (SecretStr, SecretBytes, Secret)
_STARS = b'"**********"'
"""What pydantic writes in the place of a secret."""
MOST_LEVELS = 64
"""Objects and lists within each other in a payload, itself among them: parsers go to 200, and it is kept in others."""
MOST_LEVELS_READ = 201
"""So many a document in JSON may have: pydantic's reader goes 200 below the first."""


def payload_json(value: object, *, not_finite: Literal["constants", "null"] = "constants") -> bytes:
    """Return the JSON of a value.

    Raises:
        ValueError: there is none; `what_is_no_json()` says of what.
    """
    written = to_json(value, inf_nan_mode=not_finite, fallback=_simpler)
    if _STARS in written and _holds_a_secret(value):  # as words they may stand in any text
        raise ValueError("a secret")
    return written


def what_is_no_json(value: object, place: str, *, levels: int = MOST_LEVELS) -> FieldProblem:
    """Return which part of a value has no JSON, or none that is read again, and why; the value stands at `place`.

    `levels` are how many each part of it may have, such as a payload in a request; one with more is told by a field of
    its own.
    """
    names: list[str] = []
    above: list[int] = []
    while (found := _first_without(value, levels - len(names))) is not None:
        above.append(id(value))
        name, value = found
        names.append(name)
        if id(value) in above:
            return _problem(place, names, "holds itself")
        if len(names) > levels:
            return _problem(place, names[:2], f"is nested too deep: {levels} levels are the most")
    return _problem(place, names, _why(value))


def _problem(place: str, names: Sequence[str], problem: str) -> FieldProblem:
    return FieldProblem(field=f"{place}{''.join(names)}".removeprefix("."), problem=problem)


def _why(value: object) -> str:
    match value:
        case str():
            return "holds half of a character (a lone surrogate)"
        case Mapping() if not all(is_whole(str(name)) for name in value):
            return "has a name that holds half of a character (a lone surrogate)"
        case int():
            return "is a whole number of too many digits"
        case list() | tuple() | dict():  # and each thing in it has a JSON
            return "is nested too deep"
        case _ if isinstance(value, _SECRETS):
            return f"is a {type(value).__name__}, and a payload is kept where it can be read: it holds no secret"
        case _:
            return f"cannot be written as JSON, got {shape_of(value)}"


def _first_without(value: object, levels: int) -> tuple[str, object] | None:
    return next(((name, held) for name, held in held_by(value) if not is_read_again(held, levels=levels)), None)


def is_read_again(value: object, *, levels: int = MOST_LEVELS) -> bool:
    """Return whether a value has a JSON, with at most so many levels, that readers take."""
    try:
        from_json(payload_json(value))
    except ValueError:
        return False
    return _has_at_most(levels, value)


def _has_at_most(levels: int, value: object) -> bool:
    if not isinstance(value, BaseModel | Mapping | list | tuple):
        return True
    return levels > 0 and all(_has_at_most(levels - 1, held) for _, held in held_by(value))


def held_by(value: object) -> Iterator[tuple[str, object]]:
    """Yield what an object or a list holds, each with what its place adds to a path."""
    match value:
        case BaseModel():
            yield from held_by(value.__dict__)
        case Mapping():
            yield from ((f".{name}", held) for name, held in value.items())
        case list() | tuple():
            yield from ((f"[{n}]", held) for n, held in enumerate(value))


def _holds_a_secret(value: object) -> bool:
    return isinstance(value, _SECRETS) or any(_holds_a_secret(held) for _, held in held_by(value))


def _simpler(value: object) -> object:
    """Return a value that has a JSON: of a scalar of numpy, or what is like it, the number that it is.

    Raises:
        TypeError: there is none.
    """
    if getattr(value, "shape", None) == () and (item := getattr(value, "item", None)) is not None:
        return item()
    match value:
        case Mapping():
            return dict(value)
        case Sequence() if not isinstance(value, memoryview):
            return list(value)
        case _:
            raise TypeError(type(value))
