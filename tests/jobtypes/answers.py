"""Hostile answers, how they come in pieces, and what a page of them would run.

The texts are made of what confuses readers of Markdown. A default run draws few of them, so that it takes seconds;
`AIJOBS_TORTURE=1` draws ten times as many.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser

from hypothesis import settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aijobs_sdk.jobtypes.markdown.cut import MAX_CHARS
from aijobs_sdk.jobtypes.markdown.sanitise import Sanitiser

every_text = settings(max_examples=2_000 if os.environ.get("AIJOBS_TORTURE") else 200, deadline=None)

INLINE_PIECES = [
    *("<script>", "</script>", "</script ", "<iframe src=x>", "</iframe>", "<b>", "</b>", "<div>", "</div>", "<p>"),
    *("<script> and </script>", "<script></script>", "<style>...</style>", "<iframe>, <script> or </iframe>"),
    *(
        "<img src=x onerror=alert(1)>",
        "<svg onload=x>",
        "<foo a=1>",
        "<foo>",
        "<pre>",
        "<!--",
        "-->",
        "<a href='",
        "'>",
    ),
    *("`", "``", "```", "~~~", "~", "> ", "- ", "1. ", "2. ", "](", ")", "[x]", "[x](", "[x]: ", "]", "[", "(", "!"),
    *("javascript:alert(1)", "java", "script:", "data:text/html,x", "&#106;avascript:x", "&Tab;", "onclick=x"),
    *("\\", "<", ">", '"', "'", "=", "a", "b.", "&", "/", "#", "*", "$", ":", "http://a", "<https://x.y>", "www.x.y"),
]
SPACES = ["\n", "\n", "\n\n", "\r", "\r\n", " ", "    ", "\t", "|", "|---|\n", "\n```\n", "\n> ", "\n- ", "\0"]
INLINE_TEXTS = st.lists(st.sampled_from(INLINE_PIECES + SPACES), max_size=40).map("".join)

INDENTS = ["", "", "", " ", "  ", "   ", "    ", "     ", "\t", "> ", ">", "> > "]
MARKERS = ["", "", "", "- ", "1. ", "2. ", "-     ", "10. ", "# "]
BODIES = [
    *("```", "```html", "~~~", "````", "``` `", "``` |", "para", "`<script>alert(1)</script>`", "<script>x</script>"),
    *("<div>", "</div>", "<b>", "<foo a=1>", "<foo a=1>```", "| a | b |", "|---|---|", "| `a | <script>x</script>` |"),
    *("[x](`) <script>`", "`a", "b` <svg onload=x>", "===", "---", "", "", "<!-- x", "-->", "<script>", "</script>"),
    *("<details>", "[a]: `", "[x](", "javascript:alert(1))", "http://a`", "\\`<script>`", "<pre>", "<img onerror=1>"),
]
LINES = st.tuples(*map(st.sampled_from, (INDENTS, MARKERS, BODIES, ["\n", "\n", "\n", "\r\n"]))).map("".join)
BLOCK_TEXTS = st.lists(LINES, max_size=14).map("".join)

TEXTS = INLINE_TEXTS | BLOCK_TEXTS | st.text(max_size=60)

FORBIDDEN_ELEMENTS = {
    *("base", "embed", "iframe", "link", "math", "meta", "noscript", "object", "script", "style", "svg"),
    *("template", "textarea", "title", "xmp"),
}
FORBIDDEN_URL = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)


class _ActiveContent(HTMLParser):
    """Collects what a page must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in FORBIDDEN_ELEMENTS else []
        self.found += [name for name, _ in attrs if name.startswith("on")]
        urls = [re.sub(r"[\x00-\x20]", "", value or "") for name, value in attrs if name in {"href", "src"}]
        self.found += [url for url in urls if FORBIDDEN_URL.match(url)]


def _reader(preset: str) -> MarkdownIt:
    reader = MarkdownIt(preset, {"html": True, "linkify": False})
    reader.validateLink = lambda url: True  # type: ignore[method-assign] # nothing but the sanitiser guards these readers
    return reader


READERS = [_reader("commonmark"), _reader("default")]
"""The second one knows tables."""


def active_content(markdown: str, reader: MarkdownIt) -> list[str]:
    """Return what is active once `markdown` is a page."""
    page = _ActiveContent()
    page.feed(reader.render(markdown))
    page.close()
    return page.found


def sanitised_in_pieces(pieces: list[str], *, max_chars: int = MAX_CHARS) -> str:
    sanitiser = Sanitiser(max_chars)
    return "".join(sanitiser.feed(piece) for piece in pieces) + sanitiser.close()
