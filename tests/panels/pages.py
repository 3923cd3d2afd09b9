"""Reads what was made for a page, as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

Attributes = tuple[tuple[str, str | None], ...]


class Page(NamedTuple):
    """What a browser makes of it."""

    elements: tuple[tuple[str, Attributes], ...]
    text: str

    @property
    def tags(self) -> set[str]:
        """The kinds of elements there are."""
        return {tag for tag, _ in self.elements}

    @property
    def attributes(self) -> set[str]:
        """The names of all attributes."""
        return {name for _, attributes in self.elements for name, _ in attributes}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(html: str) -> Page:
    """Return the elements and the text of a part of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(tuple(reader.elements), "".join(reader.texts))
