"""Takes active content out of a model's Markdown while it streams, and leaves the rest as it was written.

Only what every CommonMark reader sees as code passes unread. Elsewhere each HTML tag goes to nh3 on its own, so prose
is never re-escaped. Where two readers could disagree about what is code, nothing counts as code: a `<` that could open
a tag is then shown (`&lt;`), never trusted and seldom eaten.

Safety is argued on the text that comes out, since that is what a reader parses: dropping something may join its
neighbours into new Markdown, so a drop leaves a space and ends the trust in code spans of its paragraph.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aijobs_sdk.jobtypes.markdown import fences, indented
from aijobs_sdk.jobtypes.markdown.containers import Containers
from aijobs_sdk.jobtypes.markdown.cut import MAX_CHARS, Output
from aijobs_sdk.jobtypes.markdown.fences import Fence, FencePart
from aijobs_sdk.jobtypes.markdown.held import Held
from aijobs_sdk.jobtypes.markdown.prose import Prose

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NEWLINE = re.compile(r"\r\n?|\n")


class Safe(NamedTuple):
    """A text that is safe to show."""

    text: str
    is_cut: bool
    """Whether it ends before the answer does."""


def sanitise(text: str) -> str:
    """Return `text` without active content, at most `MAX_CHARS` long."""
    return made_safe(text).text


def made_safe(text: str) -> Safe:
    """Return the same, and whether it had to be cut."""
    if len(text) <= MAX_CHARS and not _needs_a_look(text):
        return Safe(text, is_cut=False)
    sanitiser = Sanitiser()
    return Safe(sanitiser.feed(text) + sanitiser.close(), sanitiser.truncated)


def _needs_a_look(text: str) -> bool:
    """Whether something may have to change: tags begin with `<`, the targets of links stand behind `]`."""
    return "<" in text or "]" in text or _is_unstorable(text)


def _is_unstorable(text: str) -> bool:
    return "\0" in text if text.isascii() else _UNSTORABLE.search(text) is not None


class Sanitiser:
    """Takes an answer in pieces and gives back the safe text in pieces; the whole does not depend on the pieces."""

    def __init__(self, max_chars: int = MAX_CHARS) -> None:
        self._held = Held()
        self._output = Output(max_chars)
        self._containers = Containers()
        self._prose = Prose(self._held, self._output, self._containers)
        self._fence: Fence | None = None
        self._at_line_start = True

    @property
    def truncated(self) -> bool:
        """True once the text has been cut at `max_chars`."""
        return self._output.is_cut

    def feed(self, text: str) -> str:
        """Return the safe text that can be shown now, possibly none."""
        if not self.truncated:
            self._held.add(_UNSTORABLE.sub("\ufffd", text))
            self._advance()
        return self._output.take()

    def close(self) -> str:
        """Return the rest; the text ends here."""
        self._held.close()
        self._advance()
        self._output.close()
        return self._output.take()

    def _advance(self) -> None:
        while not self.truncated and self._held.is_worth_a_look:
            taken = self._step(self._held.window)
            if not taken:
                self._held.wait()
                return
            self._held.take(taken)

    # Each step says what is safe of the start of `text` and returns how much that was, 0 to wait for more.
    # It may decide only what more text cannot change, unless what is held is final.

    def _step(self, text: str) -> int:
        if self._at_line_start:
            return self._step_code_line(text, self._fence) if self._fence else self._step_line_start(text)
        if self._fence:
            return self._step_rest_of_code_line(text)
        if text[0] in "\r\n":
            return self._step_newline(text)
        return self._prose.step(text)

    def _step_line_start(self, text: str) -> int:
        if fences.may_become_fence(text) and not self._held.is_final:
            return 0
        line = _line_of(text)
        if self._may_be_indented_code(line):
            return self._step_indented_line(text, line)
        if not line.strip(" \t") and line != text:
            self._prose.end_paragraph()
        elif fences.is_fence_like(line):
            self._fence = self._fence_opened_by(line)
            if not self._fence:
                self._lose_fences()
        else:
            self._prose.start_line(line)
        self._at_line_start = False
        return self._say_code(line, whole=True) if self._fence else self._step(text)

    def _may_be_indented_code(self, line: str) -> bool:
        may_be_code = self._prose.paragraph.may_hold_indented_code and indented.is_indented(line)
        return may_be_code and line.strip(" \t") != "" and not fences.is_fence_like(line)

    def _step_indented_line(self, text: str, line: str) -> int:
        if line == text and not self._held.is_final:
            return 0
        self._at_line_start = False
        if indented.is_surely_code(line):
            return self._say_code(line)
        self._prose.start_line(line)
        return self._step(text)

    def _step_newline(self, text: str) -> int:
        if text == "\r" and not self._held.is_final:
            return 0
        if fences.is_fence_like(self._prose.paragraph.line):  # what was dropped from this line may have made it one
            self._lose_fences()
        newline = "\r\n" if text.startswith("\r\n") else text[0]
        self._prose.paragraph.end_line(newline)
        self._output.add(newline, whole=False)
        self._at_line_start = True
        return len(newline)

    def _step_code_line(self, text: str, fence: Fence) -> int:
        line = _line_of(text)
        if line == text and not self._held.is_final:
            return 0
        match fence.part_of(line):
            case FencePart.INSIDE:
                self._at_line_start = False
                return self._step_rest_of_code_line(text)
            case FencePart.CLOSING:
                self._leave_fence()
                self._at_line_start = False
                return self._say_code(line, whole=True)
            case FencePart.OUTSIDE:
                self._leave_fence()
                return self._step_line_start(text)
            case FencePart.UNCLEAR:
                self._lose_fences()
                return self._step_line_start(text)

    def _step_rest_of_code_line(self, text: str) -> int:
        newline = _NEWLINE.search(text)
        if not newline:
            return self._say_code(text)
        if newline.end() == len(text) and newline[0] == "\r" and not self._held.is_final:
            return self._say_code(text[: newline.start()])
        self._at_line_start = True
        return self._say_code(text[: newline.end()])

    def _say_code(self, code: str, *, whole: bool = False) -> int:
        self._output.add(code, whole=whole, closing=self._fence.closing if self._fence else "")
        return len(code)

    def _fence_opened_by(self, line: str) -> Fence | None:
        paragraph = self._prose.paragraph
        if not paragraph.may_hold_fence:
            return None
        return fences.opened_by(line, self._containers, after_blank=not paragraph.has_begun)

    def _leave_fence(self) -> None:
        self._fence = None
        self._prose.start_paragraph()

    def _lose_fences(self) -> None:
        self._fence = None
        self._prose.paragraph.lose_fences()


def _line_of(text: str) -> str:
    return _NEWLINE.split(text, maxsplit=1)[0]
