"""Remembers what was said of a paragraph, as far as it decides how the rest is read."""

from __future__ import annotations

import re
from enum import Enum, auto

from aijobs_sdk.jobtypes.markdown import indented
from aijobs_sdk.jobtypes.markdown.containers import MARGIN_LIKE
from aijobs_sdk.jobtypes.markdown.links import unfinished_target
from aijobs_sdk.jobtypes.markdown.spans import is_risky_unless_code, may_take_backtick

_IN_MARGIN = re.compile(MARGIN_LIKE)
_NO_PROSE = re.compile(rf"{MARGIN_LIKE}(?:#{{1,6}}(?!\S)|$)")
"""A heading, a rule, or nothing."""
_TAG_ALONE = re.compile(rf"{MARGIN_LIKE}<[^<>]*>\s*")


class Reading(Enum):
    """How the rest of the paragraph is read."""

    MARKDOWN = auto()
    HTML = auto()  # something was dropped: no code spans
    HTML_BLOCK = auto()  # a tag opened a block: no code at all up to the next blank line
    DOUBT = auto()  # readers may disagree about what is code: nothing is, and nothing is dropped


class Paragraph:
    """What was said since the last blank line."""

    def __init__(self, *, fences_are_lost: bool = False, is_below_words: bool = False) -> None:
        self.fences_are_lost = fences_are_lost
        self._is_below_words = is_below_words
        self._is_of_words = True
        self.reading = Reading.DOUBT if fences_are_lost else Reading.MARKDOWN
        self.has_begun = False
        self.may_be_interrupted = True
        """By indented code, which no line of prose is."""
        self.may_be_code = False
        """Whether it may be indented code: no tag is one then, and each is shown as it was written."""
        self.is_in_margin = True
        self.follows_drop = False
        """Whether something was dropped in the margin, and nothing said since."""
        self._line: list[str] = []
        self._has_span_with_pipe = False
        self._backtick_may_be_taken = False
        # Searching everything at each tag and span would take too long: these begin where nothing was found before.
        self._unsearched_for_target: list[str] = []
        self._unsearched_for_links: list[str] = []

    @property
    def line(self) -> str:
        """What was said of the current line."""
        return "".join(self._line)

    @property
    def ends_in_word(self) -> bool:
        """True if what follows could be joined to what was said last in the line."""
        return bool(self._line) and not self._line[-1][-1].isspace()

    @property
    def may_hold_indented_code(self) -> bool:
        """True if an indented line that comes next is code to every reader."""
        return self._is_below_words and not self.has_begun and not self.fences_are_lost

    @property
    def may_hold_fence(self) -> bool:
        """True if a fence-like line can be a fence to every reader."""
        return not self.fences_are_lost and self.reading is not Reading.HTML_BLOCK

    def next(self) -> Paragraph:
        """Return what comes after a blank line."""
        is_below_words = self._is_of_words if self.has_begun else self._is_below_words
        return Paragraph(fences_are_lost=self.fences_are_lost, is_below_words=is_below_words)

    def say(self, safe: str) -> None:
        """Note that `safe` was said."""
        self.is_in_margin = self.is_in_margin and _IN_MARGIN.fullmatch(safe) is not None
        self.follows_drop = False
        for said in (self._line, self._unsearched_for_target, self._unsearched_for_links):
            said.append(safe)

    def end_line(self, newline: str) -> None:
        """Note that the line ends."""
        if _TAG_ALONE.fullmatch(self.line):
            self.enter_html_block()
        if self.has_begun:
            self._is_of_words = self._is_of_words and indented.is_of_words(self.line)
            self.may_be_interrupted = _NO_PROSE.match(self.line) is not None
        self._search_for_links()
        self._unsearched_for_target.append(newline)
        self._line = []
        self._has_span_with_pipe = False
        self.is_in_margin = True
        self.follows_drop = False

    def note_code_span(self, span: str) -> None:
        """Note that `span` is read as code."""
        self._has_span_with_pipe |= "|" in span

    def note_drop(self) -> None:
        """Note that something was dropped."""
        if self.reading is Reading.MARKDOWN:
            self.reading = Reading.HTML

    def enter_html_block(self) -> None:
        """Note that a tag opened a block."""
        if not self.fences_are_lost:
            self.reading = Reading.HTML_BLOCK

    def lose_fences(self) -> None:
        """Note that from here on readers may disagree about which fence lines open and which close."""
        self.fences_are_lost = True
        self.reading = Reading.DOUBT

    def is_surely_code(self, span: str) -> bool:
        """Tell whether every reader sees code in `span`, or comes to no harm by it."""
        if not is_risky_unless_code(span):
            return True
        self._search_for_links()
        may_cross_table_cells = self._has_span_with_pipe or "|" in span
        return not may_cross_table_cells and not self._backtick_may_be_taken

    def ends_in_target(self) -> bool:
        """Tell whether a drop could join what was said and what follows to a forbidden scheme."""
        unsearched = "".join(self._unsearched_for_target)
        target = unfinished_target(unsearched)
        self._unsearched_for_target = [target or unsearched[-1:]]  # a `]` may be the first half of a link
        return target != ""

    def _search_for_links(self) -> None:
        self._backtick_may_be_taken |= may_take_backtick("".join(self._unsearched_for_links))
        self._unsearched_for_links = []
