"""What a batch says about input it cannot use: which row, line or argument, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError


def bad_row(index: int, problem: str) -> InvalidRequestError:
    """Return the refusal of one row; `index` counts from 0, as in the output, and people count from 1."""
    end = "" if problem.endswith("?") else "."
    return InvalidRequestError(
        f"Row {index + 1} (index {index}): {problem}{end}",
        code="bad_row",
        fields=[FieldProblem(field=f"rows[{index}]", problem=problem)],
    )


def refusal_of(errors: Mapping[int, InvalidRequestError]) -> InvalidRequestError:
    """Return the refusal of a batch for what a backend said to its rows, by index; at least one."""
    first = min(errors)
    others = "" if len(errors) == 1 else f" Neither can {len(errors) - 1:,} more."
    return InvalidRequestError(
        f"Row {first + 1} (index {first}) cannot be sent: {errors[first].message}{others} Nothing was sent.",
        code=errors[first].code,
        fields=[FieldProblem(field=f"rows[{index}]", problem=errors[index].message) for index in sorted(errors)],
    )


def bad_line(path: Path, line: int, problem: str) -> InvalidRequestError:
    """Return the refusal of a file for one of its lines, counted from 1."""
    return InvalidRequestError(f"Line {line} of {path} {problem}. Nothing was sent.", code="broken_file")


def bad_argument(name: str, problem: str, *, code: str = "invalid_request") -> InvalidRequestError:
    """Return the refusal of an argument of the batch itself."""
    return InvalidRequestError(f"`{name}` {problem}.", code=code, fields=[FieldProblem(field=name, problem=problem)])
