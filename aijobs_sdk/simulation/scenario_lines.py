"""Where in a scenario file each of its fields is, so that a message can name the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

FieldPath = tuple[str | int, ...]
Lines = Mapping[FieldPath, int]
"""The line of each field, the first line being 1."""

_TOKEN = re.compile(
    r'(?P<string>"{3}(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\')'
    r"|(?P<comment>#[^\n]*)|(?P<newline>\n)|(?P<space>[ \t\r]+)"
    r"|(?P<sign>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)


def line_of(path: FieldPath, lines: Lines) -> int | None:
    """Return the line of a field, or of the nearest thing around it."""
    around = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[one] for one in around if one in lines), None)


def toml_lines(text: str) -> Lines:
    """Return where the fields of a TOML document are. The document has to be a good one."""
    return _TomlLines(text).lines


def yaml_lines(node: Any, at: FieldPath = ()) -> dict[FieldPath, int]:  # noqa: ANN401 - the library has no types
    """Return where the fields below a composed YAML node are.

    Raises:
        DuplicateFieldError: an object names a field twice, which YAML's own reader lets pass.
    """
    lines: dict[FieldPath, int] = {}
    _walk(node, at, lines, inside=())
    return lines


class DuplicateFieldError(ValueError):
    """An object names a field twice."""

    def __init__(self, path: FieldPath, line: int) -> None:
        super().__init__("is there twice")
        self.path = path
        self.line = line


def _walk(node: Any, at: FieldPath, lines: dict[FieldPath, int], inside: tuple[int, ...]) -> None:  # noqa: ANN401
    if id(node) in inside:  # an alias to what it is part of
        return
    inside = (*inside, id(node))
    match getattr(node, "id", None):
        case "mapping":
            for key, value in node.value:
                below = (*at, str(key.value))
                if below in lines:
                    raise DuplicateFieldError(below, key.start_mark.line + 1)
                lines[below] = key.start_mark.line + 1
                _walk(value, below, lines, inside)
        case "sequence":
            for place, value in enumerate(node.value):
                lines[*at, place] = value.start_mark.line + 1
                _walk(value, (*at, place), lines, inside)


class _Token(NamedTuple):
    text: str
    line: int


class _TomlLines:
    """Reads no values: it only follows tables, keys and brackets."""

    def __init__(self, text: str) -> None:
        self.lines: dict[FieldPath, int] = {}
        self._tokens = _tokens(text)
        self._place = 0
        self._latest: dict[FieldPath, int] = {}
        """Of each array of tables, which of them is being written."""
        table: FieldPath = ()
        while (token := self._next_after_newlines()) is not None:
            table = self._header() if token.text == "[" else self._pair(table)

    def _header(self) -> FieldPath:
        line = self._take().line
        is_array = self._peek() == "["
        if is_array:
            self._take()
        at: FieldPath = ()
        *above, last = self._key()
        for part in above:
            at = (*at, part)
            self.lines.setdefault(at, line)
            at = (*at, self._latest[at]) if at in self._latest else at
        at = (*at, last)
        if is_array:
            self._latest[at] = self._latest.get(at, -1) + 1
            self.lines.setdefault(at, line)
            at = (*at, self._latest[at])
        self._place += 2 if is_array else 1
        self.lines[at] = line
        return at

    def _pair(self, table: FieldPath) -> FieldPath:
        line = self._tokens[self._place].line
        at = table
        for part in self._key():
            at = (*at, part)
            self.lines.setdefault(at, line)
        self._take()  # the equals sign
        self._value(at)
        return table

    def _value(self, at: FieldPath) -> None:
        match self._peek():
            case "[":
                self._items("]", at)
            case "{":
                self._items("}", at)
            case _:
                while self._peek() not in {",", "]", "}", "\n", None}:
                    self._take()

    def _items(self, closing: str, at: FieldPath) -> None:
        self._take()
        place = 0
        while (token := self._next_after_newlines()) is not None and token.text != closing:
            if token.text == ",":
                self._take()
            elif closing == "}":
                self._pair(at)
            else:
                self.lines[*at, place] = token.line
                self._value((*at, place))
                place += 1
        self._take()

    def _key(self) -> list[str]:
        parts = []
        while self._peek() not in {"=", "]", None}:
            token = self._take()
            if token.text != ".":
                # A quoted key is written as a value is, so TOML's own reader knows what it says.
                parts.append(tomllib.loads(f"key = {token.text}")["key"] if token.text[0] in "\"'" else token.text)
        return parts

    def _next_after_newlines(self) -> _Token | None:
        while self._peek() == "\n":
            self._take()
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _peek(self) -> str | None:
        return self._tokens[self._place].text if self._place < len(self._tokens) else None

    def _take(self) -> _Token:
        self._place += 1
        return self._tokens[self._place - 1]


def _tokens(text: str) -> list[_Token]:
    tokens, line = [], 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup not in {"comment", "space"}:
            tokens.append(_Token(found[0], line))
        line += found[0].count("\n")
    return tokens
