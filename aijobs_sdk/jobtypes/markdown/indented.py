"""Recognises indented code, and trusts it only where every reader sees it: below a blank line below plain words."""

from __future__ import annotations

import re

from aijobs_sdk.jobtypes.markdown.containers import CODE_INDENT, columns
from aijobs_sdk.jobtypes.markdown.held import MOST_CHARS

# What begins otherwise may be a list, a footnote, a definition or a notice to some reader: what is indented below it
# would be a part of that, and no code. So would what stands below `a.` or `iv)`.
_PLAIN_WORDS = re.compile(r"(?:#{1,6} +)?(?!(?:[a-z]|[ivxlcdm]+)[.)])[*_\"'“‘]*[^\W\d_]", re.IGNORECASE)  # noqa: RUF001
_BREAKS_A_LINE = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Where some readers begin another line, which would not be indented."""


def is_indented(line: str) -> bool:
    """Tell whether `line` is as far to the right as code."""
    return columns(line) >= CODE_INDENT


def is_surely_code(line: str) -> bool:
    """Tell whether an indented `line` is code and nothing else, where it may be code."""
    return len(line) < MOST_CHARS and not _BREAKS_A_LINE.search(line)


def is_of_words(line: str) -> bool:
    """Tell whether no reader takes `line` for anything that what is indented below it could belong to."""
    return _PLAIN_WORDS.match(line) is not None
