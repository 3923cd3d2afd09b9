"""How input that cannot be used is refused: by its name and what is wrong with it, never by its value."""

from __future__ import annotations

from collections.abc import Iterable

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError


def bad_argument(name: str, problem: str, *, code: str = "invalid_request") -> InvalidRequestError:
    """Return the refusal of one argument; `problem` is the rest of a sentence that begins with its name."""
    end = "" if problem.endswith((".", "?")) else "."
    return InvalidRequestError(
        f"`{name}` {problem}{end}", code=code, fields=[FieldProblem(field=name, problem=problem)]
    )


def in_words(problems: Iterable[FieldProblem], *, between: str = ", ") -> str:
    """Return what is wrong with each field, one after the other."""
    return between.join(f"`{one.field}` {one.problem}" for one in problems)
