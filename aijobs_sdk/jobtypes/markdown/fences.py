"""Recognises fenced code, and trusts a fence only where every reader sees it begin and end at the same lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from aijobs_sdk.jobtypes.markdown.containers import CODE_INDENT, MARGIN_LIKE, Containers, Margin, columns
from aijobs_sdk.jobtypes.markdown.held import MOST_CHARS

# A cut inside a fence must close it; fences that would need a longer closing line are not trusted.
_WIDEST_FENCE = 64

_RUN = re.compile(r"`{3,}|~{3,}")
_FENCE_LIKE = re.compile(rf"{MARGIN_LIKE}(?:`{{3,}}[^`]*|~{{3,}}.*)")
_MAY_BECOME_FENCE = re.compile(rf"{MARGIN_LIKE}(?:`{{0,2}}|~{{0,2}}|(?:```|~~~)[^\r\n]*)")


class FencePart(Enum):
    """What a line is to an open fence."""

    INSIDE = auto()
    CLOSING = auto()
    OUTSIDE = auto()
    UNCLEAR = auto()


@dataclass(frozen=True)
class Fence:
    """Fenced code, in whichever list item it stands."""

    quote_depth: int
    indent: int
    run: str
    """The backticks or tildes that opened it."""

    @property
    def closing(self) -> str:
        """What ends it, from the end of a line on."""
        return "\n" + "> " * self.quote_depth + " " * self.indent + self.run

    def part_of(self, line: str) -> FencePart:
        """Say what `line` is to this fence."""
        quote = re.match(rf"(?:> ?){{{self.quote_depth}}}", line)
        if not quote:
            return FencePart.OUTSIDE
        content = line[quote.end() :]
        mark = content.strip(" \t")
        if not mark:
            return FencePart.INSIDE
        extra = columns(content) - self.indent
        if extra < 0:
            return FencePart.UNCLEAR  # it may have left the list item
        if extra >= CODE_INDENT or set(mark) != set(self.run) or not mark.startswith(self.run):
            return FencePart.INSIDE
        # An item starts 0 to 3 columns left of the fence, and a closing line at most 3 right of the item.
        is_clear = extra < max(1, CODE_INDENT - self.indent) and len(line) < MOST_CHARS
        return FencePart.CLOSING if is_clear else FencePart.UNCLEAR


def is_fence_like(line: str) -> bool:
    """Tell whether some reader may see a fence in `line`."""
    return _FENCE_LIKE.fullmatch(line) is not None


def may_become_fence(text: str) -> bool:
    """Tell whether `text` begins a line that more text may make look like a fence."""
    return _MAY_BECOME_FENCE.fullmatch(text) is not None


def opened_by(line: str, containers: Containers, *, after_blank: bool) -> Fence | None:
    """Enter the containers of a fence-like line; return its fence, or None if some reader may see another or none."""
    margin = Margin.of(line)
    run = _RUN.match(line, margin.chars)
    if not run or not containers.enter(margin, after_blank=after_blank):
        return None
    indent = margin.indent + len(margin.item)
    # After a blank line a deeper one is indented code, hence code either way.
    is_code = indent - containers.column < CODE_INDENT or after_blank
    is_plain = "|" not in line and not margin.has_unclear_indent  # a line with a pipe may be the head of a table
    is_narrow = max(len(margin.quote) + indent, len(run[0])) <= _WIDEST_FENCE and len(line) < MOST_CHARS
    return Fence(margin.quote_depth, indent, run[0]) if is_code and is_plain and is_narrow else None
