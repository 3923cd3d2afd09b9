"""Says what is safe of a line outside fenced code: code spans, links and tags, one after the other."""

from __future__ import annotations

import re

from aijobs_sdk.jobtypes.markdown.containers import CODE_INDENT, Containers, Margin
from aijobs_sdk.jobtypes.markdown.cut import Output
from aijobs_sdk.jobtypes.markdown.held import MOST_CHARS, Held
from aijobs_sdk.jobtypes.markdown.links import (
    AUTOLINK,
    FORBIDDEN_SCHEMES,
    UNFINISHED_AUTOLINK,
    read_scheme,
    target_start,
)
from aijobs_sdk.jobtypes.markdown.paragraph import Paragraph, Reading
from aijobs_sdk.jobtypes.markdown.spans import CODE_SPAN
from aijobs_sdk.jobtypes.markdown.tags import (
    COMMENT_END,
    DROPPED_WITH_CONTENT,
    INLINE_TAGS,
    TAG,
    TAG_AHEAD,
    are_mentions,
    end_of_element,
    is_comparison,
    safe_tag,
)

_PLAIN = re.compile(r"`+|[^<`\\\]\r\n]+")
_ESCAPE = re.compile(r"\\[^\r\n]?")
_NEWLINE = re.compile(r"[\r\n]")
_PARAGRAPH_END = re.compile(r"(?>\r\n?|\n)[ \t]*(?>\r\n?|\n)")


class Prose:
    """Reads lines step by step, as the sanitiser does: each says what is safe and returns how much of the text it was.

    0 means to wait for more text; a step may decide only what more text cannot change, unless what is held is final.
    """

    def __init__(self, held: Held, output: Output, containers: Containers) -> None:
        self.paragraph = Paragraph()
        self._held = held
        self._output = output
        self._containers = containers
        self._ends_of_dropped: set[str] = set()

    def start_paragraph(self) -> None:
        """Note that a fence ended the paragraph."""
        self.paragraph = Paragraph(fences_are_lost=self.paragraph.fences_are_lost)

    def end_paragraph(self) -> None:
        """Note that a blank line ended the paragraph."""
        self.paragraph = self.paragraph.next()

    def start_line(self, line: str) -> None:
        """Note that `line` comes next, which is neither blank nor code."""
        margin = Margin.of(line)
        self._containers.enter(margin, after_blank=not self.paragraph.has_begun)
        self.paragraph.may_be_code |= self._may_be_code(margin)
        self.paragraph.has_begun = True

    def step(self, text: str) -> int:
        """Say what is safe of the start of `text`, which is no newline; return how much that was."""
        match text[0]:
            case "`" if self.paragraph.reading is Reading.MARKDOWN:
                return self._step_code_span(text)
            case "\\":
                return self._step_escape(text)
            case "]":
                return self._step_link(text)
            case "<":
                return self._step_markup(text)
            case _:
                return self._step_plain(text)

    def _may_be_code(self, margin: Margin) -> bool:
        if margin.opens_with_code:
            return True
        is_deep = margin.indent - self._containers.column >= CODE_INDENT
        # A blank line of a quote is not told from another one, nor any line where a fence may have begun or ended.
        is_unclear = margin.quote_depth > 0 or self.paragraph.fences_are_lost
        return is_deep and (self.paragraph.may_be_interrupted or is_unclear)

    def _step_plain(self, text: str) -> int:
        plain = _matched(_PLAIN, text)
        if not self.paragraph.follows_drop:
            return self._say(plain, taken=len(plain))
        said = plain.lstrip(" \t")  # else a drop could leave an indented line, and so code
        return self._say(said, taken=len(plain)) if said else len(plain)

    def _step_escape(self, text: str) -> int:
        if text == "\\" and not self._held.is_final:
            return 0
        if text.startswith("\\<"):
            return self._say("&lt;", taken=2, whole=True)  # not every reader knows that a backslash covers `<`
        escaped = _matched(_ESCAPE, text)
        return self._say(escaped, taken=len(escaped))

    def _step_code_span(self, text: str) -> int:
        span = _matched(CODE_SPAN, text)
        is_undecided = span == text or not (span or _NEWLINE.search(text))
        if is_undecided and not self._held.is_final:
            return 0
        is_whole = span != text or self._held.is_closed  # else another backtick may follow
        if not span or not is_whole or not self.paragraph.is_surely_code(span):
            self.paragraph.reading = Reading.DOUBT
            return self._step_plain(text)
        self.paragraph.note_code_span(span)
        return self._say(span, taken=len(span), whole=True)

    def _step_link(self, text: str) -> int:
        if text == "]" and not self._held.is_final:
            return 0
        if text[1:2] not in {"(", ":"}:
            return self._say("]", taken=1)
        start = target_start(text, 2)
        scheme, end = read_scheme(text, start)
        if end == len(text) and not self._held.is_final:
            return 0
        if end >= MOST_CHARS:  # so far it spells nothing but the start of a scheme, and what follows is not seen
            return self._say(f"{text[:2]}#", taken=end, whole=True)
        is_target = text[1] == "(" or "<" in text[2:start] or not text[end : end + 1].isspace()
        if scheme in FORBIDDEN_SCHEMES and is_target:
            return self._say(f"{text[:2]}#", taken=end, whole=True)
        return self._say(text[:2], taken=2)

    def _step_markup(self, text: str) -> int:
        scheme, end = read_scheme(text, 1)
        is_undecided = end == len(text) or UNFINISHED_AUTOLINK.fullmatch(text)
        if is_undecided and not self._held.is_final:
            return 0
        if not TAG_AHEAD.match(text):
            return self._say("<", taken=1)
        if scheme in FORBIDDEN_SCHEMES:
            return self._say("&lt;#", taken=end, whole=True)
        if self.paragraph.may_be_code:
            return self._show_bracket()
        autolink = _matched(AUTOLINK, text)
        if autolink and self.paragraph.reading is Reading.MARKDOWN:
            return self._say(autolink, taken=len(autolink), whole=True)
        if self.paragraph.ends_in_target():
            return self._show_bracket()
        is_comment = text.startswith("<!--")
        return self._drop_past(COMMENT_END, opening="<!--") if is_comment else self._step_tag(text)

    def _step_tag(self, text: str) -> int:
        found = TAG.match(text)
        if found and not found["end"] and not _PARAGRAPH_END.search(text) and not self._held.is_final:
            return 0
        if not found or found["end"] != ">" or _PARAGRAPH_END.search(found[0]):
            return self._show_bracket()
        tag, name = found[0], found["name"].lower()
        if is_comparison(tag, name):
            return self._show_bracket()
        safe = safe_tag(tag, name)
        if safe:
            return self._say_tag(safe, name, taken=len(tag))
        if name in DROPPED_WITH_CONTENT and not found["slash"]:
            return self._drop_past(end_of_element(name), opening=tag)
        return self._refuse(tag)

    def _drop_past(self, end: re.Pattern[str], *, opening: str) -> int:
        if self.paragraph.reading is Reading.DOUBT:
            return self._show_bracket()
        found = self._held.find(end, len(opening))
        if found and found["end"]:
            named = are_mentions(opening, self._held.window[len(opening) : found.start()])
            return self._show_bracket() if named else self._drop(found.end())
        return self._refuse(opening) if found or self._held.is_final else 0

    def _refuse(self, tag: str) -> int:
        """Drop a tag that means business; show one that may be a mention, as in "the <script> tag" or List<String>."""
        is_mention = "=" not in tag and tag not in self._ends_of_dropped
        if is_mention or self.paragraph.reading is Reading.DOUBT:
            return self._show_bracket()
        self._ends_of_dropped.add(TAG.sub(r"</\g<name>>", tag))
        return self._drop(len(tag))

    def _say(self, safe: str, *, taken: int, whole: bool = False) -> int:
        self.paragraph.say(safe)
        self._output.add(safe, whole=whole)
        return taken

    def _say_tag(self, tag: str, name: str, *, taken: int) -> int:
        if self.paragraph.is_in_margin and name not in INLINE_TAGS:
            self.paragraph.enter_html_block()
        return self._say(tag, taken=taken, whole=True)

    def _show_bracket(self) -> int:
        return self._say("&lt;", taken=1, whole=True)

    def _drop(self, taken: int) -> int:
        self.paragraph.note_drop()
        if self.paragraph.is_in_margin:
            self._containers.forget_item_of_line()
        if self.paragraph.ends_in_word:
            self._say(" ", taken=0)
        self.paragraph.follows_drop = self.paragraph.is_in_margin
        return taken


def _matched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found[0] if found else ""
