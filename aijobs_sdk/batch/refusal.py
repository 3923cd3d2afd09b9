"""What a batch says about input it cannot use: which row, line or argument, and what to do."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import MOST_PROBLEMS

T = TypeVar("T")
_ROWS_LOOKED_FURTHER = 100_000
"""Behind the first problem: whoever waits for a refusal wants to know of more, and not to wait long."""


def bad_row(index: int, problem: str) -> InvalidRequestError:
    """Return the refusal of one row; `index` counts from 0, as in the output, and people count from 1."""
    end = "" if problem.endswith("?") else "."
    return InvalidRequestError(
        f"Row {index + 1} (index {index}): {problem}{end}",
        code="bad_row",
        fields=[FieldProblem(field=f"rows[{index}]", problem=problem)],
    )


def refusal_of(errors: Mapping[int, InvalidRequestError]) -> InvalidRequestError:
    """Return the refusal of a batch for what a backend said to its rows, by their number from 0; at least one."""
    first = min(errors)
    others = "" if len(errors) == 1 else f" Neither can {len(errors) - 1:,} more."
    said = errors[first].message
    end = "" if said.endswith((".", "?")) else "."
    return InvalidRequestError(
        f"Row {first + 1} (index {first}) cannot be sent: {said}{end}{others} Nothing was sent.",
        code=errors[first].code,
        fields=[FieldProblem(field=f"rows[{index}]", problem=errors[index].message) for index in sorted(errors)],
    )


def broken_source(error: Exception) -> InvalidRequestError:
    """Return the refusal of a batch whose source raised this: what it gave cannot be had once more."""
    refusal = InvalidRequestError(
        f"The rows were not read to their end: their source raised {type(error).__name__}. Make the batch again, from "
        "a source that begins anew. Nothing was sent.",
        code="broken_source",
    )
    refusal.__cause__ = error
    return refusal


def bad_line(path: Path, line: int, problem: str) -> InvalidRequestError:
    """Return the refusal of a file for one of its lines, counted from 1."""
    return InvalidRequestError(
        f"Line {line} of {path} {problem}. Nothing was sent.",
        code="broken_file",
        fields=[FieldProblem(field=f"line {line}", problem=problem)],
    )


def all_good(things: Generator[T | InvalidRequestError]) -> Iterator[T]:
    """Yield things until one of them is a refusal; then go through the rest for more, and raise them as one.

    Either way they are closed at the end: behind them may stand a query that keeps a connection busy.

    Raises:
        InvalidRequestError: a thing cannot be used; `fields` names each that was found, the first ones at least.
    """
    with closing(things):
        for thing in things:
            if isinstance(thing, InvalidRequestError):
                further = islice(_refusals(islice(things, _ROWS_LOOKED_FURTHER)), MOST_PROBLEMS - 1)
                raise _as_one(thing, list(further)) from thing.__cause__
            yield thing


def _refusals(things: Iterable[T | InvalidRequestError]) -> Iterator[InvalidRequestError]:
    try:
        yield from (thing for thing in things if isinstance(thing, InvalidRequestError))
    except InvalidRequestError as last:  # of where the things come from: behind it there is nothing
        yield last


def _as_one(first: InvalidRequestError, further: list[InvalidRequestError]) -> InvalidRequestError:
    if not further:
        return first
    fields = [field for refusal in (first, *further) for field in refusal.fields]
    places = ", ".join(field.field for refusal in further for field in refusal.fields[:1])
    return InvalidRequestError(f"{first.message} There is more to mend at {places}.", code=first.code, fields=fields)
