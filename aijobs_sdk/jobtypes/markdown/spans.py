"""Recognises code spans, and what makes readers disagree about them."""

from __future__ import annotations

import re
from typing import Final

from aijobs_sdk.jobtypes.markdown.tags import NEVER_ALIVE

CODE_SPAN: Final = re.compile(r"(?P<run>`++)[^\r\n]*?(?<!`)(?P=run)(?!`)")

_RISKY_UNLESS_CODE = re.compile(
    rf"<(?=[A-Za-z/!?])(?!/?(?!(?:{'|'.join(sorted(NEVER_ALIVE))})\b)[A-Za-z][^<>=]*>)|\][(:]", re.IGNORECASE
)
_SIMPLE_LINK = re.compile(r"""\]\([^\s()<>"'`\\]*\)|\]\[[^\[\]`\\]*\]""")
_LINK_START = re.compile(r"\][(\[:]")
_ADDRESS = re.compile(r"(?:://|www\.)[^\s<`]*+`?")


def is_risky_unless_code(span: str) -> bool:
    """Tell whether `span` could do harm where it is read as prose."""
    return _RISKY_UNLESS_CODE.search(span) is not None


def may_take_backtick(before: str) -> bool:
    """Tell whether a link may reach over the backtick that follows `before`, or one in it: links are read first.

    It may in its target, in a definition and in a bare address.
    """
    text = _SIMPLE_LINK.sub("", before) + "`"
    return _LINK_START.search(text) is not None or any(address.endswith("`") for address in _ADDRESS.findall(text))
