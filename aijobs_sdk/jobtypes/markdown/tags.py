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
# nh3 lets any scheme stand in a `cite`, and no reader sees one.
_CLEANER = nh3.Cleaner(attributes={name: allowed - {"cite"} for name, allowed in nh3.ALLOWED_ATTRIBUTES.items()})
# Without these an HTML parser ignores a tag of a table.
_PARENTS = dict.fromkeys(("caption", "col", "colgroup", "tbody", "thead", "tr"), "<table>")
_PARENTS |= dict.fromkeys(("td", "th"), "<table><tr>")
# Inside an attribute these would still split a line or a table's row, or open a link or a code span. Not a letter may
# become another one: nh3 has judged the address that these spell.
_SPLITTING = "`|[]" + "".join(char for char in map(chr, range(0x3001)) if char.isspace() and char != " ")
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in _SPLITTING})
_SPACES = re.compile(" +")
# Words and names of tags, with blanks around and perhaps quotes or asterisks of the tags' own; no code does without
# the signs that are missing here.
_BETWEEN_MENTIONS = re.compile(
    r"(?:[^\w\s<>]{0,4}[ \t](?:[^()\[\]{}<>=;`\\\r\n]|</?[A-Za-z]\w*>){0,200}[ \t][^\w\s<>]{0,4}|\.{3}|…)?"
)
_PLAIN_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]* ?/?>")
_BARE_TAG = re.compile(r"<[A-Za-z]+>")
_TAG_WITH_WORDS = re.compile(r"""<[A-Za-z][A-Za-z0-9]*+(?=[\s/])(?P<words>[^<>="'`]*+)>""")
_WORDS_OF_TAGS = frozenset({"checked", "compact", "disabled", "hidden", "inert", "ismap", "nowrap", "open", "reversed"})


def is_comparison(tag: str, name: str) -> bool:
    """Tell whether a harmless `tag` is rather two comparisons, as in `a<b and c>d`: it has words for attributes."""
    found = _TAG_WITH_WORDS.fullmatch(tag) if name in _ALLOWED_TAGS else None
    return found is not None and not _WORDS_OF_TAGS.issuperset(found["words"].lower().replace("/", " ").split())


def safe_tag(tag: str, name: str) -> str:
    """Return what nh3 leaves of `tag`, on one line and free of Markdown; "" if nothing."""
    if name not in _ALLOWED_TAGS:
        return ""
    if _PLAIN_TAG.fullmatch(tag):
        return tag
    if tag.startswith("</"):
        return f"</{name}>"
    cleaned = _CLEANER.clean(_PARENTS.get(name, "") + tag)
    left = re.search(rf'<{name}(?: [\w-]+="[^"]*")*>', cleaned)
    return _SPACES.sub(" ", left[0]).translate(_ENTITIES) if left else ""


def are_mentions(tag: str, between: str) -> bool:
    """Tell whether a bare `tag` and its end are only named, as in "between <script> and </script>"."""
    return _BARE_TAG.fullmatch(tag) is not None and _BETWEEN_MENTIONS.fullmatch(between) is not None


@cache
def end_of_element(name: str) -> re.Pattern[str]:
    """Return what finds the end of an element that is dropped with its content."""
    # Past the end of its line the tag may only close, so that a fence which comes later is never inside it.
    return re.compile(rf"(?P<end></{name}(?=[\s/>])[^>\r\n]{{0,32}}+\s{{0,32}}+>)|{_FENCE_AHEAD}", re.IGNORECASE)
