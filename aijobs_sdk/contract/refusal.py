"""How input that cannot be used is refused: by its name and what is wrong with it, never by its value."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import problems_of, shape_of

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

MOST_OF_A_FILE_NAME = 255
"""Bytes, on every usual file system."""


def bad_argument(name: str, problem: str, *, code: str = "invalid_request") -> InvalidRequestError:
    """Return the refusal of one argument; `problem` is the rest of a sentence that begins with its name."""
    return InvalidRequestError(
        _ended(f"`{name}` {problem}"), code=code, fields=[FieldProblem(field=name, problem=problem)]
    )


def cannot_submit(field: str, problem: str) -> InvalidRequestError:
    """Return the refusal of a job for one part of its payload, which cannot be kept."""
    return InvalidRequestError(
        f"Cannot submit this job: `{field}` {problem}.",
        code="invalid_payload",
        fields=[FieldProblem(field=field, problem=problem)],
    )


def in_words(problems: Iterable[FieldProblem], *, between: str = ", ") -> str:
    """Return what is wrong with each field, one after the other."""
    return between.join(f"`{one.field}` {one.problem}" if one.field else one.problem for one in problems)


def checked(kind: type[M], asked: Mapping[str, object], cannot: str) -> M:
    """Return what was asked for; `cannot` begins the sentence that says why not.

    Raises:
        InvalidRequestError: a value cannot be used; its name is that of the argument.
    """
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        raise refused(error, kind, cannot) from None


def refused(
    error: ValidationError, kind: type[BaseModel], cannot: str, *, own_words: bool = False
) -> InvalidRequestError:
    """Return the refusal of what pydantic found; `cannot` begins the sentence, see `problems_of` for `own_words`."""
    problems = problems_of(error, known=kind.model_fields, own_words=own_words)
    return InvalidRequestError(f"{cannot}: {_ended(in_words(problems))}", fields=problems)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def check_choice(name: str, given: object, choices: Sequence[object]) -> None:
    """Return when an argument is one of these.

    Raises:
        InvalidRequestError: it is another; they are named.
    """
    if not any(given is one or (isinstance(one, str) and given == one) for one in choices):
        raise bad_argument(name, f"must be {' or '.join(map(repr, choices))}, got {shape_of(given)}")


def check_kind(name: str, given: object, kind: type, words: str) -> None:
    """Return when an argument is None, or of this kind; `words` say what it should be.

    Raises:
        InvalidRequestError: it is something else.
    """
    if given is not None and not isinstance(given, kind):
        raise bad_argument(name, f"must be {words}, got {shape_of(given)}")


def path_of(name: str, given: object) -> Path:
    """Return the path that an argument is; `~` is the user's own folder.

    Raises:
        InvalidRequestError: it is none.
    """
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(path, str) or not path:
        raise bad_argument(name, f"must be a path, got {shape_of(given)}")
    if "\0" in path:
        raise bad_argument(name, "holds a NUL, and no path can")
    try:
        longest = max(map(len, os.fsencode(path).split(os.fsencode(os.sep))))
    except UnicodeEncodeError:
        raise bad_argument(name, "holds half of a character (a lone surrogate), and no path can") from None
    if longest > MOST_OF_A_FILE_NAME:
        raise bad_argument(name, f"is no path, but {shape_of(path)}: a file's name has at most {MOST_OF_A_FILE_NAME}")
    try:
        return Path(path).expanduser()
    except RuntimeError:  # Python's word for it
        whose = Path(path).parts[0]
        raise bad_argument(name, f"begins with {whose!r}, of whom no home is known: write the whole path") from None


def check_seconds(name: str, given: object) -> None:
    """Return when an argument is None, or a number of seconds.

    Raises:
        InvalidRequestError: it is something else.
    """
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given):
        raise bad_argument(name, f"must be a number of seconds, or None, got {shape_of(given)}")


def check_iterable(name: str, given: object, words: str) -> None:
    """Return when an argument yields things, whatever those are; `words` say what they should be.

    Raises:
        InvalidRequestError: it does not.
    """
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        raise bad_argument(name, f"must yield {words}, got {shape_of(given)}")


def members_of(name: str, given: object, kind: type[T], words: str) -> tuple[T, ...]:
    """Return what a list holds that was given as an argument; `words` say what it should hold.

    Raises:
        InvalidRequestError: it is no list, or holds something else, whose place is named.
    """
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise bad_argument(name, f"must be a list of {words}, got {shape_of(given)}")
    members = tuple(given)
    for place, one in enumerate(members):
        if not isinstance(one, kind):
            raise bad_argument(name, f"must be a list of {words}, got {shape_of(one)} at `{name}[{place}]`")
    return members
