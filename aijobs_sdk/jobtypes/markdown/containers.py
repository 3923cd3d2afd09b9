"""Follows the block quotes and list items that a line stands in, since these decide where a fence begins and ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CODE_INDENT: Final = 4
"""Content this much deeper than its container is indented code."""
MARGIN_LIKE: Final = r"[ \t>*+\-\d.)]*"
"""Whatever some reader may take for a margin."""

_MARGIN = re.compile(r"(?P<quote>(?:> ?)*)(?P<space>[ \t]*)(?P<item>(?:[-*+]|(?P<number>\d{1,9})[.)]) +(?=\S))?")


@dataclass(frozen=True)
class Margin:
    """What stands left of a line's content: marks of quotes, white space, the mark of a list item."""

    quote: str
    space: str
    item: str
    number: str | None
    """The number of the item, None where it has a bullet or there is no item."""

    @classmethod
    def of(cls, line: str) -> Margin:
        """Read the margin of `line`."""
        found = _MARGIN.match(line)
        assert found  # noqa: S101 - every part of the pattern is optional
        return cls(found["quote"], found["space"], found["item"] or "", found["number"])

    @property
    def chars(self) -> int:
        """How long it is, as written."""
        return len(self.quote) + len(self.space) + len(self.item)

    @property
    def quote_depth(self) -> int:
        """In how many quotes the line stands."""
        return self.quote.count(">")

    @property
    def indent(self) -> int:
        """The columns of white space before the item or the content."""
        return columns(self.space)

    @property
    def has_unclear_indent(self) -> bool:
        """True where readers may disagree how wide a tab is."""
        return self.quote_depth > 0 and "\t" in self.space

    @property
    def item_column(self) -> int:
        """Where the content of the item begins."""
        return self.indent + len(self._mark) + (1 if self.opens_with_code else self._gap)

    @property
    def opens_with_code(self) -> bool:
        """True where the content of the item is so far from its mark that it is indented code."""
        return self._gap > CODE_INDENT

    @property
    def _mark(self) -> str:
        return self.item.rstrip()

    @property
    def _gap(self) -> int:
        return len(self.item) - len(self._mark)


class Containers:
    """The block quote and the list items that the current line stands in."""

    def __init__(self) -> None:
        self.quote_depth = 0
        self._item_columns: list[int] = []
        self._line_opens_item = False

    @property
    def column(self) -> int:
        """Where the content of the innermost item begins."""
        return self._item_columns[-1] if self._item_columns else 0

    def enter(self, margin: Margin, *, after_blank: bool) -> bool:
        """Note what a line leaves and enters; false where its mark of an item may be read as prose."""
        left_an_item = self._leave(margin)
        self._line_opens_item = False
        if not margin.item:
            return True
        can_start = margin.number in {None, "1"} or after_blank or left_an_item
        if not can_start or margin.indent - self.column >= CODE_INDENT or margin.has_unclear_indent:
            return False
        self._item_columns.append(margin.item_column)
        self._line_opens_item = True
        return True

    def forget_item_of_line(self) -> None:
        """Leave the item that this line opened, if it did: left empty it may be no item."""
        if self._line_opens_item:
            self._item_columns.pop()
            self._line_opens_item = False

    def _leave(self, margin: Margin) -> bool:
        """Leave the quote and the items that the line is not in; true if an item was left."""
        if margin.quote_depth != self.quote_depth:
            self.quote_depth, self._item_columns = margin.quote_depth, []
        entered = len(self._item_columns)
        self._item_columns = [column for column in self._item_columns if column <= margin.indent]
        return len(self._item_columns) < entered


def columns(line: str) -> int:
    """Return how far `line` is indented, with tab stops every 4."""
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip(" "))
