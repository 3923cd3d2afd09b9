"""What stays of something on show, in a page and in text: it needs neither styles, scripts, nor the kernel.

Of the page a sanitiser leaves all words: elements are native ones, and the bar's number stands in a table as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aijobs_sdk.markup import Markup, details, element, facts
from aijobs_sdk.notebook.fitting import cut
from aijobs_sdk.notebook.snapshot import Phase
from aijobs_sdk.notebook.view import CauseLine, View

MOST_BYTES = 8000
"""A notebook holds a page for each thing it showed, and is read by people in a diff."""
_SHORTER_MESSAGES = (160, 120, 90, 60, 40, 20, 0)
_LONGEST_NAME = 120
_LONGEST_NOTE = 400
_BAR = "width: 30em; max-width: 100%"

# What moves a cursor or turns the direction of writing; and halves of a character, which no stream can carry.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""On a page only what turns all that follows: the marks of Arabic and Hebrew text do their work there."""


def to_html(view: View) -> str:
    """Return a page's part of at most 8,000 bytes; messages are shortened for it, then causes left out, and it says so.

    Whatever a job or a row said stays text.
    """
    causes = view.causes
    for longest in _SHORTER_MESSAGES:
        page = _page(view, _shortened(causes, longest), _left_out(view, hidden=0))
        if _fits(page):
            return page
    shown = list(_shortened(causes, longest=0))
    while shown and not _fits(page):
        shown.pop()
        page = _page(view, shown, _left_out(view, hidden=len(causes) - len(shown)))
    return page


def to_text(view: View) -> str:
    """Return the same in plain lines: first all of it in one, then what went wrong."""
    lines = [to_line(view), *(f"  {_cause_in_text(one)}" for one in view.causes)]
    lines += [f"  {view.more_causes}"] if view.more_causes else []
    return "\n".join(lines)


def to_line(view: View) -> str:
    """Return where it stands in one line, such as `captions-v3: 4,000 of 4,000 rows, finished, 84.00 credits`."""
    # While it runs nothing else would say that it is not over.
    going_on = ", running" if view.phase is Phase.RUNNING else ""
    note = f". {one_line(view.note)}" if view.note else ""
    return f"{one_line(view.title)}: {one_line(view.summary)}{going_on}{note}"


def one_line(text: str) -> str:
    """Return text as it can stand in a line of a terminal: what would move the cursor is made visible."""
    return _UNSEEN.sub(_visible, " ".join(text.split()))


def _visible(found: re.Match[str]) -> str:
    return ascii(found.group())[1:-1]


def _page(view: View, causes: Iterable[CauseLine], left_out: Iterable[str]) -> str:
    page = element(
        "div",
        _head(view),
        element("progress", f"{view.percent} %", max=100, value=view.percent, title="done", style=_BAR),
        facts(view.facts),
        _failures(view, causes, left_out),
        element("div", cut(view.note, _LONGEST_NOTE)) if view.note else None,
        element("div", element("i", view.tail_label), ": ", view.tail) if view.tail else None,
        element("small", f"as of {view.as_of}") if view.as_of else None,
    )
    return _TURNING.sub(_visible, page)


def _head(view: View) -> Markup:
    models = f" · {cut(view.models, _LONGEST_NAME)}" if view.models else ""
    return element("div", element("b", cut(view.title, _LONGEST_NAME)), f" · {view.phase}{models}")


def _failures(view: View, causes: Iterable[CauseLine], left_out: Iterable[str]) -> Markup | None:
    if not view.failures:
        return None
    lines = [_cause(one) for one in causes] + [element("li", line) for line in left_out]
    return details(view.failures, element("ul", *lines), is_open=True)


def _cause(cause: CauseLine) -> Markup:
    rows = f" {cause.rows}" if cause.rows else ""
    message = f": {cause.message}" if cause.message else ""
    return element("li", element("b", cause.head), rows, message)


def _cause_in_text(cause: CauseLine) -> str:
    rows = f" ({cause.rows})" if cause.rows else ""
    message = f": {one_line(cause.message)}" if cause.message else ""
    return f"{one_line(cause.head)}{rows}{message}"


def _left_out(view: View, *, hidden: int) -> Iterator[str]:
    if hidden:
        yield f"and {hidden:,} causes that do not fit here"
    if view.more_causes:
        yield view.more_causes


def _shortened(causes: Iterable[CauseLine], longest: int) -> Iterator[CauseLine]:
    for one in causes:
        yield CauseLine(head=cut(one.head, _LONGEST_NAME), rows=one.rows, message=cut(one.message, longest))


def _fits(page: str) -> bool:
    return len(page.encode()) <= MOST_BYTES
