from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.providers.tokens import estimate_tokens, first_tokens

PROSE = "The river rises in the hills and reaches the sea after two hundred miles of slow brown water. "


def test_nothing_has_no_tokens() -> None:
    assert estimate_tokens("") == 0


@given(st.text(min_size=1))
def test_something_has_at_least_one_token(text: str) -> None:
    assert estimate_tokens(text) >= 1


@given(beginning=st.text(), rest=st.text())
def test_more_text_never_has_fewer_tokens(beginning: str, rest: str) -> None:
    assert estimate_tokens(beginning) <= estimate_tokens(beginning + rest)


@given(beginning=st.text(), rest=st.text())
def test_a_text_has_about_the_tokens_of_its_parts_at_most(beginning: str, rest: str) -> None:
    assert estimate_tokens(beginning + rest) <= estimate_tokens(beginning) + estimate_tokens(rest) + 2


@pytest.mark.parametrize(
    ("text", "real_tokens"),
    [
        (PROSE, 20),
        ("def add(a: int, b: int) -> int:\n    return a + b\n", 19),
        ("2026-11-22", 6),
    ],
)
def test_an_estimate_is_near_what_o200k_counts(text: str, real_tokens: int) -> None:
    assert estimate_tokens(text) == pytest.approx(real_tokens, rel=0.25)


@pytest.mark.parametrize("text", ["A" * 1_000_000, "1a" * 500_000, " " * 1_000_000, "\n \n" * 300_000, "漢" * 300_000])
def test_a_long_run_of_one_thing_is_counted_like_any_text(text: str) -> None:
    assert 1 <= estimate_tokens(text) <= 1.2 * len(text)


@given(text=st.text(), tokens=st.integers(min_value=0, max_value=50))
def test_a_cut_text_is_a_beginning_and_fits(text: str, tokens: int) -> None:
    beginning = first_tokens(text, tokens)
    assert text.startswith(beginning)
    assert estimate_tokens(beginning) <= tokens


@given(words=st.lists(st.text("abc,.é漢7", min_size=1, max_size=9), min_size=1), tokens=st.integers(1, 20))
def test_a_cut_text_is_as_long_as_it_may_be(words: list[str], tokens: int) -> None:
    text = " ".join(words)
    beginning = first_tokens(text, tokens)
    next_word = text[len(beginning) :].partition(" ")[0]
    assert beginning == text or estimate_tokens(beginning + next_word) > tokens


def test_a_long_word_is_cut_within() -> None:
    beginning = first_tokens('{"numbers":[' + "12345," * 100 + "0]}", 50)
    assert estimate_tokens(beginning) == pytest.approx(50, abs=1)
