"""A text with holes: `Summarise: {text}`, `{turns[0]}`, `{price:.2f}`; doubled braces are braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import NamedTuple

from aijobs_sdk.batch.refusal import bad_row
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of

_HOLE = re.compile(r"(?P<column>[^.\[\]]+)(?P<path>(\[[^\[\]]+\])*)")
_KEY = re.compile(r"\[([^\[\]]+)\]")
_CONVERSIONS = {None, "r", "s", "a"}


class _Hole(NamedTuple):
    """Where a value is put, and how it is written."""

    text: str
    """As it stands between its braces."""
    column: str
    keys: tuple[str, ...]
    spec: str
    conversion: str | None

    @property
    def takes_any_value(self) -> bool:
        """Whether it asks for no format."""
        return not self.spec and self.conversion is None


class Template:
    """A text with holes named after columns.

    Args:
        text: the template.
        name: what it is called in errors, such as `prompt`.

    Raises:
        InvalidRequestError: a brace has no partner, a hole has no name, or the text holds half a character.
    """

    def __init__(self, text: str, *, name: str) -> None:
        self._name = name
        self._parts: list[str | _Hole] = []
        for literal, hole, spec, conversion in self._parsed(text):
            self._parts += [literal] if literal else []
            self._parts += [self._hole(hole, spec or "", conversion)] if hole is not None else []

    @property
    def has_holes(self) -> bool:
        """Whether its text differs from row to row."""
        return any(isinstance(part, _Hole) for part in self._parts)

    def fill(self, row: Mapping[str, object], *, index: int) -> str:
        """Return the text for a row; `index` counts from 0 and is named in errors.

        Raises:
            InvalidRequestError: the row lacks a column or a part of one, or holds nothing there.
        """
        return "".join([part if isinstance(part, str) else self._written(part, row, index) for part in self._parts])

    def value(self, row: Mapping[str, object], *, index: int) -> object:
        """Return what a row holds itself, such as a number or a list, where the template is one hole; else the text.

        Raises:
            InvalidRequestError: as `fill()`.
        """
        match self._parts:
            case [_Hole() as hole] if hole.takes_any_value:
                return self._found(hole, row, index)
            case _:
                return self.fill(row, index=index)

    def empty_in(self, row: Mapping[str, object]) -> str | None:
        """Return the first hole for which a row holds nothing; None too where its column or its part is missing."""
        for part in self._parts:
            if isinstance(part, _Hole) and _is_empty(part, row):
                return part.text
        return None

    def _parsed(self, text: str) -> list[tuple[str, str | None, str | None, str | None]]:
        try:
            text.encode()
            return list(Formatter().parse(text))
        except UnicodeEncodeError:
            raise self._broken("holds half a character (a lone surrogate); mend the text") from None
        except ValueError as error:
            raise self._broken(f"is not a template: {error}; write {{{{ and }}}} for braces of its own") from None

    def _hole(self, hole: str, spec: str, conversion: str | None) -> _Hole:
        parts = _HOLE.fullmatch(hole)
        if parts is None or hole.isdecimal():
            raise self._broken(
                f"has a hole {{{hole}}} that names no column; write {{column}} or {{column[0]}}. A column whose name "
                "is a number, or holds a dot, a colon or a bracket, has to be renamed, or read by a function as "
                "`prompt`"
            )
        if conversion not in _CONVERSIONS or "{" in spec:
            raise self._broken(
                f"has a hole {{{hole}}} with a format that is not Python's; write {{column}} or {{column:.2f}}"
            )
        return _Hole(hole, parts["column"], tuple(_KEY.findall(parts["path"])), spec, conversion)

    def _written(self, hole: _Hole, row: Mapping[str, object], index: int) -> str:
        value = self._found(hole, row, index)
        if type(value) is str and hole.takes_any_value:
            return value
        if isinstance(value, bytes):
            raise self._bad_row(index, f"{{{hole.text}}} holds bytes there; decode them to a text first")
        try:
            return format(_converted(value, hole.conversion), hole.spec)
        except (ValueError, TypeError, OverflowError, MemoryError):
            raise self._bad_row(index, f"{{{hole.text}:{hole.spec}}} cannot format {shape_of(value)}") from None

    def _found(self, hole: _Hole, row: Mapping[str, object], index: int) -> object:
        if hole.column not in row:
            raise self._bad_row(index, _no_column(hole, row))
        value = row[hole.column]
        for key in hole.keys:
            try:
                value = _inside(value, key)
            except LookupError:
                raise self._bad_row(index, f"{{{hole.text}}} finds nothing at [{key}] in {shape_of(value)}") from None
        if value is None:
            raise self._bad_row(index, f"{{{hole.text}}} is empty there; fill it or leave the row out")
        return value

    def _bad_row(self, index: int, problem: str) -> InvalidRequestError:
        return bad_row(index, f"the {self._name} template cannot be filled: {problem}")

    def _broken(self, problem: str) -> InvalidRequestError:
        return bad_argument(self._name, problem, code="bad_template")


def _no_column(hole: _Hole, row: Mapping[str, object]) -> str:
    for whole in (hole.text, f"{hole.text}:{hole.spec}"):
        if whole in row:
            return f"no template can name the column {whole!r}; rename it, or ask by a function as `prompt`"
    return f"there is no column {hole.column!r}.{nearest(hole.column, row).removesuffix('.')}"


def _is_empty(hole: _Hole, row: Mapping[str, object]) -> bool:
    try:
        value = row[hole.column]
        for key in hole.keys:
            if value is None:
                return True
            value = _inside(value, key)
    except LookupError:
        return False
    return value is None


def _inside(value: object, key: str) -> object:
    """Return a part of a value.

    Raises:
        LookupError: it has no such part.
    """
    if isinstance(value, Mapping):
        return value[key]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        try:
            return value[int(key)]
        except ValueError:
            raise LookupError(key) from None
    raise LookupError(key)


def _converted(value: object, conversion: str | None) -> object:
    return value if conversion is None else Formatter().convert_field(value, conversion)
