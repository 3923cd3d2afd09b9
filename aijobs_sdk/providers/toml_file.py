"""A TOML file that a user wrote, as a fact; or what is wrong in it, by entry and field."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import path_of
from aijobs_sdk.contract.shapes import nearest, shape_of, without_lists_of_nothing

F = TypeVar("F", bound=Fact)


def read_toml(path: str | os.PathLike[str], kind: type[F], tables: Mapping[str, type[Fact]]) -> F:
    """Return what a file holds; `tables` says what stands under a name in it, to tell the fields that there are.

    Raises:
        InvalidRequestError: it cannot be used; the message names the file, the entry by its `name`, and each field.
    """
    data = _read(path)
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        problems = _problems(error, {"": kind, **tables})
        told = "; ".join(f"{_whose(one, data)}`{one.field}` {one.problem}" for one in problems)
        end = "" if told.endswith("?") else "."
        raise InvalidRequestError(f"Cannot use {path}: {told}{end}", fields=problems) from None


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    file = path_of("path", path)
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))  # as editors on Windows write it, too
    except RecursionError:
        raise InvalidRequestError(f"Cannot use {path}: it is nested too deeply.") from None
    except OSError as error:
        raise InvalidRequestError(f"Cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"Cannot use {path}: it is no TOML file: {error}.") from None
    except ValueError:  # of Python's own reading of numbers
        raise InvalidRequestError(f"Cannot use {path}: it holds a whole number of too many digits.") from None


def _problems(error: ValidationError, tables: Mapping[str, type[Fact]]) -> list[FieldProblem]:
    return [
        FieldProblem(field=".".join(map(str, one["loc"])), problem=_told(one, tables))
        for one in without_lists_of_nothing(error)
    ]


def _told(found: ErrorDetails, tables: Mapping[str, type[Fact]]) -> str:
    where, expected = found["loc"], found["msg"]
    match found["type"]:
        case "extra_forbidden":
            table = next((part for part in reversed(where[:-1]) if isinstance(part, str)), "")
            return f"is not known.{nearest(str(where[-1]), tables[table].model_fields)}".removesuffix(".")
        case "missing":
            return "is missing"
        case "value_error":
            return expected.removeprefix("Value error, ")
        case _:
            return f"{expected[:1].lower()}{expected[1:]}, got {shape_of(found['input'])}"


def _whose(problem: FieldProblem, data: Mapping[str, Any]) -> str:
    """Return whose field it is, as `model "gpt-x", ` in the list `models`, where the entry has a name."""
    entries, _, below = problem.field.partition(".")
    number = below.partition(".")[0]
    if not number.isdigit():
        return ""
    entry = data[entries][int(number)]
    name = entry.get("name") if isinstance(entry, dict) else None
    return f'{entries.removesuffix("s")} "{name}", ' if isinstance(name, str) else ""
