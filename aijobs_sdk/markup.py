"""HTML that is safe by how it is made: whatever is not markup already is escaped on its way in.

Elements are native and styled by themselves, at most by an alignment in place: a notebook that is converted, mailed, or
opened untrusted keeps all of it, since sanitisers take away style sheets, scripts, drawings and `aria-*`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""What no page can hold: control characters, and halves of a character, which no message can carry either."""
_VOID = frozenset({"br", "img"})


class Markup(str):
    """HTML as it is. Only this file makes it; text that is added to it by `+` or `join` is plain text again."""

    __slots__ = ()


def element(tag: str, *content: object, **attributes: object) -> Markup:
    """Return an element around its content; an attribute that is True stands without a value, None and False do not.

    `tag` and the names of attributes are the program's own words; a name ends in `_` where Python has a word like it.
    """
    inner = markup(*content)
    start = f"<{tag}{''.join(_attribute(name.rstrip('_'), value) for name, value in attributes.items())}>"
    return Markup(start if tag in _VOID else f"{start}{inner}</{tag}>")


def markup(*content: object) -> Markup:
    """Return one thing after the other: markup as it is, all else as text, None as nothing."""
    return Markup("".join(map(_as_markup, content)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Collection[str] = ()) -> Markup:
    """Return a table; the columns that hold `numbers` stand to the right, all others to the left."""
    sides = ["text-align:right" if column in numbers else "text-align:left" for column in columns]
    head = [element("th", column, style=side) for column, side in zip(columns, sides, strict=True)]
    body = [
        element("tr", *(element("td", cell, style=side) for cell, side in zip(row, sides, strict=True))) for row in rows
    ]
    return element("table", element("thead", element("tr", *head)), element("tbody", *body))


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Return names over their values, in one row; nothing where there are none."""
    known = list(pairs)
    return table([name for name, _ in known], [[value for _, value in known]]) if known else Markup()


def details(summary: object, body: object, *, is_open: bool = False) -> Markup:
    """Return a part that a reader opens by a click on its summary."""
    return element("details", element("summary", summary), body, open=is_open)


def _as_markup(value: object) -> str:
    if value is None or isinstance(value, Markup):
        return value or ""
    return escape(_showable(value))


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    return f' {name}="{"" if value is True else escape(_showable(value))}"'


def _showable(value: object) -> str:
    return _UNSHOWABLE.sub("�", str(value).replace("\r\n", "\n"))
