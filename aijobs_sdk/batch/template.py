"""A prompt with holes: `Summarise: {text}`, `{turns[0]}`, `{price:.2f}`; doubled braces are braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import NamedTuple

from aijobs_sdk.batch.refusal import bad_argument, bad_row
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.shapes import nearest, shape_of

_HOLE = re.compile(r"(?P<column>[^.\[\]]+)(?P<path>(\[[^\[\]]+\])*)")
_KEY = re.compile(r"\[([^\[\]]+)\]")
_CONVERSIONS = {None, "r", "s", "a"}


class _Part(NamedTuple):
    """Literal text, and the hole behind it."""

    literal: str
    hole: str | None
    spec: str
    conversion: str | None

    @property
    def problem(self) -> str | None:
        """What is wrong with the hole, whatever the row."""
        if self.hole is None:
            return None
        if not _HOLE.fullmatch(self.hole) or self.hole.isdecimal():
            return f"has a hole {{{self.hole}}} that names no column; write {{column}} or {{column[0]}}"
        if self.conversion not in _CONVERSIONS or "{" in self.spec:
            return f"has a hole {{{self.hole}}} with a format that is not Python's; write {{column}} or {{column:.2f}}"
        return None


class Template:
    """A text with holes named after columns.

    Args:
        text: the template.
        name: what it is called in errors, such as `prompt`.

    Raises:
        InvalidRequestError: a brace has no partner, or a hole has no name.
    """

    def __init__(self, text: str, *, name: str) -> None:
        self._name = name
        try:
            parts = Formatter().parse(text)
            self._parts = [_Part(literal, hole, spec or "", conversion) for literal, hole, spec, conversion in parts]
        except ValueError as error:
            raise self._broken(f"is not a template: {error}; write {{{{ and }}}} for braces of its own") from None
        if problem := next((part.problem for part in self._parts if part.problem), None):
            raise self._broken(problem)

    def fill(self, row: Mapping[str, object], *, index: int) -> str:
        """Return the text for a row; `index` counts from 0 and is named in errors.

        Raises:
            InvalidRequestError: the row lacks a column or a part of one, or holds nothing there.
        """
        return "".join(part.literal + self._value(part, row, index) for part in self._parts)

    def _value(self, part: _Part, row: Mapping[str, object], index: int) -> str:
        if part.hole is None:
            return ""
        hole = _HOLE.fullmatch(part.hole)
        assert hole is not None  # noqa: S101 - the constructor has seen to it
        value = self._column(hole["column"], row, index)
        for key in _KEY.findall(hole["path"]):
            value = self._inside(value, key, part.hole, index)
        if value is None:
            raise self._bad_row(index, f"{{{part.hole}}} is empty there; fill it or leave the row out")
        try:
            return format(_converted(value, part.conversion), part.spec)
        except (ValueError, TypeError, OverflowError, MemoryError):
            raise self._bad_row(index, f"{{{part.hole}:{part.spec}}} cannot format {shape_of(value)}") from None

    def _column(self, column: str, row: Mapping[str, object], index: int) -> object:
        if column not in row:
            raise self._bad_row(index, f"there is no column {column!r}.{nearest(column, row).removesuffix('.')}")
        return row[column]

    def _inside(self, value: object, key: str, hole: str, index: int) -> object:
        try:
            if isinstance(value, Mapping):
                return value[key]
            if isinstance(value, Sequence) and not isinstance(value, str):
                return value[int(key)]
        except (KeyError, IndexError, ValueError):
            pass
        raise self._bad_row(index, f"{{{hole}}} finds nothing at [{key}] in {shape_of(value)}")

    def _bad_row(self, index: int, problem: str) -> InvalidRequestError:
        return bad_row(index, f"the {self._name} template cannot be filled: {problem}")

    def _broken(self, problem: str) -> InvalidRequestError:
        return bad_argument(self._name, problem, code="bad_template")


def _converted(value: object, conversion: str | None) -> object:
    return value if conversion is None else Formatter().convert_field(value, conversion)
