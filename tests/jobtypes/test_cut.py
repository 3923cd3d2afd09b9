"""A long answer is cut at a boundary, marked, and as safe as a whole one.

`AIJOBS_TORTURE=1` tries ten times as many texts.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aijobs_sdk.jobtypes.markdown.cut import MAX_CHARS
from aijobs_sdk.jobtypes.markdown.sanitise import Sanitiser, sanitise
from jobtypes.answers import READERS, TEXTS, active_content, every_text, sanitised_in_pieces


@every_text
@given(text=TEXTS, max_chars=st.integers(500, 900), repeat=st.integers(1, 60))
def test_a_cut_does_not_depend_on_the_pieces_and_keeps_to_the_limit(text: str, max_chars: int, repeat: int) -> None:
    long_text = text * repeat

    cut = sanitised_in_pieces([long_text], max_chars=max_chars)

    assert sanitised_in_pieces(list(long_text), max_chars=max_chars) == cut
    assert len(cut) <= max_chars


@every_text
@pytest.mark.parametrize("reader", READERS, ids=["commonmark", "tables"])
@given(text=TEXTS, repeat=st.integers(10, 60))
def test_a_cut_wakes_nothing(text: str, repeat: int, reader: MarkdownIt) -> None:
    assert active_content(sanitised_in_pieces([text * repeat], max_chars=600), reader) == []


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("One two.\n\n" * 20_000, "One two."),
        ("One two. " * 20_000, "One two."),
        ("word " * 30_000, "word"),
        ("字" * 120_000, "字"),
        ("```py\n" + "x = 1\n" * 20_000 + "```", "x = 1\n```"),
        ("> ```py\n" + "> x = 1\n" * 20_000, "> x = 1\n> ```"),
        ("- `<script>`\n" * 20_000, "- `<script>`"),
        ("&amp;" * 25_000, "&amp;"),
        ("&#x1F600;" * 25_000, "&#x1F600;"),
        ("👨\u200d👩\u200d👧" * 25_000, "👧👨\u200d👩\u200d👧"),
        ("🇫🇷" * 60_001, "🇫🇷"),
    ],
)
def test_a_long_text_is_cut_at_a_boundary_and_marked(text: str, last: str) -> None:
    cut = sanitise(text)

    assert cut.endswith(f"{last}\n\n*[Cut at 100,000 characters.]*")
    assert 97_000 < len(cut) <= MAX_CHARS
    assert sanitise(cut) == cut


def test_a_text_of_the_limit_is_not_cut() -> None:
    sanitiser = Sanitiser()

    assert len(sanitiser.feed("x" * MAX_CHARS) + sanitiser.close()) == MAX_CHARS
    assert not sanitiser.truncated


def test_nothing_comes_out_after_a_cut() -> None:
    sanitiser = Sanitiser(500)
    sanitiser.feed("word " * 200)

    assert sanitiser.truncated
    assert sanitiser.feed("more") == sanitiser.close() == ""


def test_a_limit_without_room_for_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 500"):
        Sanitiser(20)
