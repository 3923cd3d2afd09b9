"""Twice as much hostile text takes about twice the effort, which is counted in what is read: time varies."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import cast

import pytest

from aijobs_sdk.jobtypes.markdown import held
from aijobs_sdk.jobtypes.markdown.held import MOST_CHARS, Held
from aijobs_sdk.jobtypes.markdown.spans import may_take_backtick
from jobtypes.answers import sanitised_in_pieces


def effort(pieces: list[str]) -> int:
    """Count what is called while `pieces` are sanitised, and the letters that are handed over for reading."""
    counted = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal counted
        given = frame.f_locals.values() if event == "call" else ()
        counted += 1 + sum(len(value) for value in given if isinstance(value, str))

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        sanitised_in_pieces(pieces)
    finally:
        sys.setprofile(before)
    return counted


class _SearchLog:
    """A pattern that finds nothing, and counts the letters it was searched in."""

    def __init__(self) -> None:
        self.chars = 0

    def search(self, text: str, start: int) -> None:
        self.chars += len(text) - start


@pytest.fixture
def _small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is handed the window: a large one would hide what else is read."""
    monkeypatch.setattr(held, "MOST_CHARS", 64)


@pytest.mark.usefixtures("_small_window")
@pytest.mark.parametrize(
    ("start", "first", "then"),
    [
        ("[x](", "\\ ", "<b>"),
        ("[x](", "&Tab;", "<foo a=1>"),
        ("", "`<script>` ", "<b>"),
        ("", "word ", "](`<script>`"),
        ("", "[a](b) ", "`<i onclick=x>`"),
        ("", "www.", "`<a b=c>` "),
        ("", "x", "<script>\n"),
        ("<div>", "word ", "<b>"),
        ("> ", "`a` ", "\n> ```\n"),
    ],
)
def test_twice_the_text_takes_twice_the_effort(start: str, first: str, then: str) -> None:
    text, longer = (start + first * times + "x" + then * times for times in (500, 1_000))

    assert effort([longer]) < 2.5 * effort([text])


@pytest.mark.parametrize("start", ["](", "<a b='", "<script>", "`", "```", "<!--"])
@pytest.mark.parametrize("more", ["&Tab;", " ", "x"])
def test_held_text_is_not_read_again_at_each_letter(start: str, more: str) -> None:
    text = start + more * MOST_CHARS

    assert effort(list(text[:MOST_CHARS])) < 3 * effort(list(text[: MOST_CHARS // 2]))


def test_what_ends_an_element_is_not_looked_for_twice_in_the_same_text() -> None:
    end, text = _SearchLog(), Held()
    text.add("<script>" * 2_000)

    for _ in range(1_000):
        text.find(cast("re.Pattern[str]", end), len("<script>"))
        text.take(len("<script>"))

    assert end.chars < 20 * len("<script>" * 1_000)


def test_an_address_is_read_once() -> None:
    assert not may_take_backtick("www." * 500_000 + " ")  # read again at each "www.", it would take hours
