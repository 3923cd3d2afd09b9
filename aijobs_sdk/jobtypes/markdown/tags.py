"""Decides what stays of an HTML tag: nh3 is asked for each on its own, and some elements go with their content."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import nh3

DROPPED_WITH_CONTENT: Final = frozenset({
    "applet", "audio", "frameset", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext",
    "script", "style", "svg", "template", "textarea", "title", "video", "xmp",
})  # fmt: skip
NEVER_ALIVE: Final = DROPPED_WITH_CONTENT | {"base", "embed", "link", "meta"}
INLINE_TAGS: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "i", "img", "ins",
    "kbd", "map", "mark", "q", "rp", "rt", "rtc", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip

TAG_AHEAD: Final = re.compile(r"<[A-Za-z/!?]")
TAG: Final = re.compile(
    r"""<(?P<slash>/?)(?P<name>[A-Za-z][^\s/<>"'=]*)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+(?P<end>[<>]?)"""
)
"""Its `end` is `>` if the tag is whole, `<` if another one begins first, and empty if more text may complete it."""

# What looks for an end stops at a fence: no code that follows is dropped. Both are shorter than `LONGEST_END`.
_FENCE_AHEAD = r"[\r\n][ \t>]{0,64}(?:`{3}|~{3})"
COMMENT_END: Final = re.compile(rf"(?P<end>-->)|{_FENCE_AHEAD}")

# `<pre>` opens a block in which Markdown code is no code, even past blank lines.
_ALLOWED_TAGS = nh3.ALLOWED_TAGS - {"pre"}
# Without these an HTML parser ignores a tag of a table.
_PARENTS = dict.fromkeys(("caption", "col", "colgroup", "tbody", "thead", "tr"), "<table>")
_PARENTS |= dict.fromkeys(("td", "th"), "<table><tr>")
# Inside an attribute these would still split a table's row or open a link or a code span.
_MARKDOWN_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "`|[]"})


def safe_tag(tag: str, name: str) -> str:
    """Return what nh3 leaves of `tag`, on one line and free of Markdown; "" if nothing."""
    if name not in _ALLOWED_TAGS:
        return ""
    if tag.startswith("</"):
        return f"</{name}>"
    cleaned = nh3.clean(_PARENTS.get(name, "") + _on_one_line(tag))
    left = re.search(rf'<{name}(?: [\w-]+="[^"]*")*>', cleaned)
    return _on_one_line(left[0]).translate(_MARKDOWN_MARKS) if left else ""


@cache
def end_of_element(name: str) -> re.Pattern[str]:
    """Return what finds the end of an element that is dropped with its content."""
    # Past the end of its line the tag may only close, so that a fence which comes later is never inside it.
    return re.compile(rf"(?P<end></{name}(?=[\s/>])[^>\r\n]{{0,32}}+\s{{0,32}}+>)|{_FENCE_AHEAD}", re.IGNORECASE)


def _on_one_line(tag: str) -> str:
    return " ".join(tag.split())
