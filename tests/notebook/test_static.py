"""What stays in a notebook: all of it in words that no sanitiser takes away, and never more than a page's part."""

from __future__ import annotations

import re
from decimal import Decimal

import nh3
import pytest

from aijobs_sdk.notebook.snapshot import Cause, Phase, Tail
from aijobs_sdk.notebook.static import MOST_BYTES, to_html, to_line, to_text
from aijobs_sdk.notebook.view import View
from aijobs_sdk.notebook.words import MOST_CAUSES, worded
from panels.pages import read
from panels.views import CAUSES, NOW, batch_snapshot, batch_view, job_view

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(1)">'"--></details></table>&lt;b&gt;"""
ENDED = {"phase": Phase.FINISHED, "completed": 3963, "running": 0, "credits": Decimal(84), "tail": None}

# What GitHub leaves of the HTML in a notebook, as far as we use it: not the bar, whose number stays behind.
GITHUB = {"b", "div", "details", "i", "li", "small", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"}
JUPYTERLAB = GITHUB | {"progress"}
JUPYTERLAB_KEEPS = {"*": {"style", "title"}, "details": {"open"}, "progress": {"max", "value"}}


def of_many_causes(message: str, count: int = 50) -> View:
    """Return the end of a batch that failed of many things at once."""
    causes = tuple(
        Cause(code=f"code_{n}", count=1000 - n, message=message, examples=(10_000_000,) * 5) for n in range(count)
    )
    return worded(batch_snapshot(**ENDED, causes=causes), None, now=NOW, most_causes=count)


def test_the_end_of_a_batch_is_a_page_of_native_elements() -> None:
    page = to_html(batch_view(**ENDED, causes=CAUSES[:1]))
    assert re.sub(' style="[^"]*"', "", page) == (
        "<div><div><b>captions-v3</b> · finished · gpt-5.2</div>"
        '<progress max="100" value="100" title="done">100 %</progress>'
        "<table><thead><tr>"
        "<th>done</th><th>ok</th><th>failed</th><th>took</th><th>tokens</th><th>credits</th><th>budget</th>"
        "</tr></thead><tbody><tr>"
        "<td>4,000 of 4,000</td><td>3,963</td><td>37</td><td>9.0 s</td>"
        "<td>1,004,210 in, 177,031 out</td><td>84.00</td><td>500.00</td>"
        "</tr></tbody></table>"
        '<details open=""><summary>37 failed</summary><ul>'
        "<li><b>22 x rate_limited</b> rows 12, 88, 91, …: openai answered 429.</li></ul></details>"
        "<small>as of 10:21:07</small></div>"
    )


def test_the_end_of_a_batch_is_text_that_says_the_same() -> None:
    assert to_text(batch_view(**ENDED)).splitlines() == [
        "captions-v3: 4,000 of 4,000 rows, finished, 37 failed, 84.00 of 500.00 credits",
        "  22 x rate_limited (rows 12, 88, 91, …): openai answered 429.",
        "  15 x timeout (rows 7, 140, 203, …): No answer within 60 s.",
    ]


def test_a_batch_that_was_still_running_says_so() -> None:
    assert "<b>captions-v3</b> · running · " in to_html(batch_view())
    assert to_line(batch_view()).endswith(" credits, running")


def test_a_batch_that_stopped_says_why() -> None:
    paused = batch_view(phase=Phase.PAUSED, note="The budget is spent.")
    assert "<div>The budget is spent.</div>" in to_html(paused)
    assert to_line(paused).endswith("26.04 of 500.00 credits. The budget is spent.")


def test_a_job_that_failed_says_of_what() -> None:
    failed = job_view(phase=Phase.FAILED, error=CAUSES[0], tail=None)
    assert "<summary>failed</summary><ul><li><b>rate_limited</b>: openai answered 429.</li></ul>" in to_html(failed)
    assert to_text(failed).splitlines() == [
        "Job 7f3a0c1e: 42 %, failed",
        "  rate_limited: openai answered 429.",
    ]


def test_a_cause_of_which_no_row_is_known_any_more_is_counted() -> None:
    cause = Cause(code="timeout", count=3, message="", examples=())
    _, line = to_text(batch_view(**ENDED, causes=(cause,))).splitlines()
    assert line == "  3 x timeout"


@pytest.mark.parametrize("message", ["The provider answered 429: wait. ", HOSTILE, "😀", "潮", "\x00\ud800"])
def test_fifty_causes_with_long_messages_are_a_small_page(message: str) -> None:
    page = to_html(of_many_causes((message * 160)[:160]))
    assert len(page.encode()) <= MOST_BYTES
    assert page.count("<li>") == 50


def test_a_message_that_is_cut_ends_in_dots() -> None:
    assert to_html(of_many_causes("x" * 160)).count("xx…</li>") == 50
    assert "…</li>" not in to_html(of_many_causes("x" * 160, count=20))


def test_causes_that_do_not_fit_are_counted() -> None:
    page = to_html(of_many_causes("x" * 160, count=400))
    shown = page.count("<li>") - 1
    assert len(page.encode()) <= MOST_BYTES
    assert f"<li>and {400 - shown} causes that do not fit here</li>" in page


def test_causes_that_a_view_leaves_out_are_counted() -> None:
    many = of_many_causes("x", count=12)
    few = worded(batch_snapshot(**ENDED, causes=CAUSES * 6), None, now=NOW)
    assert len(many.causes) == 12
    assert len(few.causes) == MOST_CAUSES
    assert f"<li>{few.more_causes}</li>" in to_html(few)
    assert to_text(few).splitlines()[-1] == f"  {few.more_causes}"


def test_a_name_of_any_length_leaves_a_small_page() -> None:
    endless = {"title": HOSTILE * 99, "models": (HOSTILE * 99,) * 9, "note": HOSTILE * 99}
    assert len(to_html(batch_view(**endless)).encode()) <= MOST_BYTES


def test_hostile_text_stays_text() -> None:
    everywhere = {"title": HOSTILE, "models": (HOSTILE,), "note": HOSTILE, "tail": Tail(label=HOSTILE, text=HOSTILE)}
    cause = Cause(code=HOSTILE, count=2, message=HOSTILE, examples=(1,))
    page = read(to_html(batch_view(**everywhere, causes=(cause,))))
    assert page.tags <= JUPYTERLAB
    assert page.text.count("<script>alert(1)</script>") == 7


def test_jupyterlab_removes_nothing_from_a_notebook_it_does_not_trust() -> None:
    made = to_html(batch_view(note="Rivers & <tides>"))
    kept = nh3.clean(made, tags=JUPYTERLAB, attributes=JUPYTERLAB_KEEPS)
    assert read(kept) == read(made)


def test_github_removes_no_word() -> None:
    made = to_html(batch_view(note="Rivers & <tides>"))
    kept = nh3.clean(made, tags=GITHUB, attributes={"details": {"open"}})
    assert read(kept).text == read(made).text


def test_a_name_cannot_move_the_cursor_nor_turn_the_line() -> None:
    line = to_line(batch_view(title="two\nlines\x1b[2J\u202e\ud800"))
    assert line.startswith(r"two lines\x1b[2J\u202e\ud800: 1,240 of 4,000 rows")


def test_no_text_turns_what_follows_it_on_the_page() -> None:
    """What somebody's model or error says is not to have the numbers beside it read backwards."""
    turned = "a\u202eb\u2067c"
    cause = Cause(code=turned, count=2, message=turned, examples=(1,))
    page = to_html(
        batch_view(title=turned, models=(turned,), note=turned, tail=Tail(label=turned, text=turned), causes=(cause,))
    )
    assert page.count(r"a\u202eb\u2067c") == 7
    assert not {"\u202e", "\u2067"} & set(page)


def test_marks_of_arabic_and_hebrew_text_stay_in_the_page() -> None:
    assert "(\u05e9\u05dc\u05d5\u05dd\u200f)" in to_html(batch_view(note="(\u05e9\u05dc\u05d5\u05dd\u200f)"))
