"""CSV read record by record. After a line it cannot take it goes on with the very next one.

So an open quote does not swallow its neighbours, as it does for every reader that follows it to the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aijobs_sdk.usage.reading.cut_off import last_value, may_go_on
from aijobs_sdk.usage.reading.headers import column_names
from aijobs_sdk.usage.reading.lines import Line, Lines, Record

_LINES_PER_RECORD = 100  # how far a quoted line break may lead before the quote counts as never closed
_OPEN = "a quote is never closed"
_OPENING_QUOTE = re.compile(r' *"')
_QUOTED = re.compile(r'((?:[^"]++|"")*+)" *')


@dataclass(frozen=True)
class CsvHeader:
    """The first record of a CSV file."""

    fields: tuple[str, ...]
    """Empty: the file has no record, or its first one is broken."""
    is_first_line: bool
    """Whether it is the first line and no more, which is where DuckDB looks for it."""


def csv_header(path: Path) -> CsvHeader:
    """Return the first record of a CSV file."""
    with path.open("rb") as file:
        for header in _parsed(Lines(file)):
            return CsvHeader(header.fields, is_first_line=[line.number for line in header.lines] == [1])
    return CsvHeader((), is_first_line=False)


def csv_records(path: Path) -> Iterator[Record]:
    """Yield every record after the header, in order; blank lines are none. The header must be readable."""
    with path.open("rb") as file:
        found = _parsed(Lines(file))
        names = column_names(next(found).fields)
        for parsed in found:
            number, raw = parsed.lines[0].number, "\n".join(line.shown for line in parsed.lines)
            problem = parsed.problem or _cut_problem(parsed, names[-1])
            if problem is None:
                yield Record(number, raw, dict(zip(names, parsed.fields, strict=True)))
            else:
                yield Record(number, raw, reason="broken_line", detail=problem)


def _cut_problem(parsed: _Parsed, column: str) -> str | None:
    value = None if parsed.has_further_fields else last_value(parsed.lines[-1].text)
    if value is None or not may_go_on(column, value):
        return None
    return f"it has no line end, so that {column} may be cut: export the file again, or end the line if it is whole"


@dataclass(frozen=True)
class _Parsed:
    lines: list[Line]
    fields: tuple[str, ...] = ()
    problem: str | None = None
    has_further_fields: bool = False
    """Whether empty ones stood past the last column."""


def _parsed(lines: Lines) -> Iterator[_Parsed]:
    width: int | None = None
    for first in lines:
        parsed = _parse(first, lines, width)
        if parsed.problem is not None:
            lines.push_back(parsed.lines[1:])
            yield _Parsed([first], problem=parsed.problem)
        elif parsed.fields:
            width = width or len(parsed.fields)
            yield parsed


def _parse(first: Line, following: Lines, width: int | None) -> _Parsed:
    """Parse one record, with as many of the `following` lines as its quotes span."""
    taken = [first]
    fields = _fields(first.text)
    while fields is _OPEN and len(taken) < _LINES_PER_RECORD and (line := next(following, None)) is not None:
        taken.append(line)
        if '"' in line.text:  # what is open stays open until then
            fields = _fields("".join(one.text for one in taken))
    if isinstance(fields, str):
        return _Parsed(taken, problem=fields if len(taken) == 1 else _OPEN)  # a quote that led into other records
    read = _without_trailing_commas(fields, width)
    problem = _width_problem(read, width) or next((line.problem for line in taken if line.problem), None)
    return _Parsed(taken, tuple(read), problem, has_further_fields=len(fields) > len(read))


def _fields(text: str) -> list[str] | str:
    """Return the fields of a record, or why it is none. As DuckDB reads them: spaces around quotes do not count."""
    text = text.removesuffix("\n").removesuffix("\r")
    fields: list[str] = []
    position = 0
    while position < len(text) or (fields and position == len(text)):
        if opened := _OPENING_QUOTE.match(text, position):
            found = _QUOTED.match(text, opened.end())
            if found is None:
                return _OPEN
            if found.end() < len(text) and text[found.end()] != ",":
                return "something follows a closing quote"
            fields.append(found[1].replace('""', '"'))
            position = found.end() + 1
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            fields.append(text[position:end])
            if "\r" in fields[-1]:
                return "a carriage return is in the middle of the line"
            position = end + 1
    return fields


def _without_trailing_commas(fields: list[str], width: int | None) -> list[str]:
    """Return `fields` without empty ones past `width`: DuckDB's reader drops them too."""
    surplus = fields[width:] if width is not None else []
    return fields if any(surplus) else fields[:width]


def _width_problem(fields: list[str], width: int | None) -> str | None:
    if not fields or width is None or len(fields) == width:
        return None
    return f"the header has {width} fields, the line {len(fields)}"
