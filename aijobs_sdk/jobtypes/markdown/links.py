"""Reads what a link leads to as a browser would, to find the schemes that run code."""

from __future__ import annotations

import html
import re
from typing import Final

FORBIDDEN_SCHEMES: Final = ("javascript:", "vbscript:", "data:")
AUTOLINK: Final = re.compile(r"""<(?:(?:https?|ftp)://[^\s<>"'`]+|(?:mailto:)?[\w.+-]+@[\w.-]+)>""", re.ASCII)
UNFINISHED_AUTOLINK: Final = re.compile(r"""<[^\s<>"'`]*""")

_BEFORE_TARGET = re.compile(r"[^\S\r\n]*(?:\r\n?|\n)?[ \t>]*<?")
_LETTER = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z]\w{0,31});?|&#?[xX]?|\\.?|[^\r\n]")
# Browsers pass over white space and control characters, and some readers over letters that nobody sees.
_IGNORED = re.compile(r"[\s\x00-\x20\x7f-\x9f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def target_start(text: str, opened_at: int) -> int:
    """Return where the target of a link begins after its `](` or `]:`, which ends at `opened_at`."""
    before = _BEFORE_TARGET.match(text, opened_at)
    return before.end() if before else opened_at


def read_scheme(text: str, start: int) -> tuple[str, int]:
    """Read a URL for as long as it may spell a forbidden scheme; return what it spells and the end."""
    spelt, end = "", start
    while letter := _LETTER.match(text, end):
        end = letter.end()
        spelt += _IGNORED.sub("", html.unescape(letter[0].removeprefix("\\"))).lower()
        if spelt in FORBIDDEN_SCHEMES or not any(scheme.startswith(spelt) for scheme in FORBIDDEN_SCHEMES):
            break
    return spelt, end


def unfinished_target(text: str) -> str:
    """Return the link that `text` ends in, if more letters of its target could spell a forbidden scheme; else ""."""
    opener = max(text.rfind("]("), text.rfind("]:"))
    is_unfinished = opener >= 0 and read_scheme(text, target_start(text, opener + 2))[1] == len(text)
    return text[opener:] if is_unfinished else ""
