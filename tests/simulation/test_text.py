from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.text import answer, pieces


@given(text=st.text(), tokens_per_event=st.integers(min_value=1, max_value=20))
def test_pieces_joined_are_the_text(text: str, tokens_per_event: int) -> None:
    assert "".join(pieces(text, tokens_per_event)) == text


@given(text=st.text(min_size=1), tokens_per_event=st.integers(min_value=1, max_value=20))
def test_no_piece_is_empty(text: str, tokens_per_event: int) -> None:
    assert all(pieces(text, tokens_per_event))


@given(prompt=st.text(), tokens=st.integers(min_value=1, max_value=2_000), seed=st.integers())
def test_no_prompt_brings_html_into_the_answer(prompt: str, tokens: int, seed: int) -> None:
    assert not set("<>&") & set(answer(prompt, tokens, Random(seed)).text)


@given(prompt=st.text(), tokens=st.integers(min_value=1, max_value=2_000), seed=st.integers())
def test_an_answer_says_how_many_tokens_it_is(prompt: str, tokens: int, seed: int) -> None:
    written = answer(prompt, tokens, Random(seed))
    assert written.tokens == estimate_tokens(written.text)


@given(tokens=st.integers(min_value=60, max_value=3_000), seed=st.integers())
def test_an_answer_is_about_as_long_as_wanted(tokens: int, seed: int) -> None:
    text = answer("Write a haiku about rivers", tokens, Random(seed)).text
    assert estimate_tokens(text) == pytest.approx(tokens, abs=0.03 * tokens + 15)


@given(tokens=st.integers(min_value=1, max_value=35))
def test_a_very_short_answer_is_never_longer_than_wanted(tokens: int) -> None:
    assert estimate_tokens(answer("Write a haiku about rivers", tokens, Random(0)).text) <= tokens


def test_the_same_draws_give_the_same_answer() -> None:
    assert answer("On rivers", 300, Random(7)) == answer("On rivers", 300, Random(7))


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Write a haiku about rivers", "# Haiku about rivers"),
        ("Hello! Please explain why the sky is blue.", "# Sky is blue"),
        ("Summarise: the report of the second quarter", "# Report of the second quarter"),
        ("<script>alert(1)</script>", "# Script alert 1 script"),
        ("写一首关于河流的俳句", "# 写一首关于河流的俳句"),
        ("???", "# Your question"),
    ],
)
def test_the_title_is_made_of_the_prompts_own_words(prompt: str, title: str) -> None:
    assert answer(prompt, 200, Random(0)).text.splitlines()[0] == title


def test_a_long_answer_has_a_list_and_headings() -> None:
    text = answer("Write about rivers", 2_000, Random(0)).text
    assert "\n- " in text
    assert "\n## " in text


def test_the_answer_comes_back_to_the_topic_at_its_end() -> None:
    assert "*rivers*" in answer("Write about rivers", 400, Random(0)).text.rpartition("\n\n")[2]
